"""The font: what it has, how it measures, and that a PDF's subset is a true part of it."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest
from fontTools.cffLib import CFFFontSet
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Refusal
from pipeline.sheets.fonts import MM_PER_PT, MissingGlyph, load_font
from pipeline.shelf import shelf

FONT = load_font()
FONT_FILE = TTFont(io.BytesIO(FONT.path.read_bytes()), lazy=True)
RARE = "犍亳郯鄄睢歙嵊濮瀍浉㟃䢺鄠邽硚"
words = st.text(st.sampled_from(sorted(FONT.codes)), max_size=30)


def test_the_committed_font_has_what_sheets_write() -> None:
    said = "ABCxyz 0123 Äéßñāē Ωμ °′″×²³ ±≤≥ →↑ ■●▲ ㎡ １２ＡＢ（）【】《》，。、；：？！“”‘’…—"
    assert FONT.missing(said + RARE) == []
    assert FONT.path.stat().st_size < 7_000_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (shelf() / "fonts" / "OFL.txt").read_text(encoding="utf-8")


def test_every_hanzi_of_gbk_is_there() -> None:
    pairs = (bytes([lead, trail]) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF))
    found = {one for pair in pairs for one in pair.decode("gbk", "ignore")}
    hanzi = [one for one in sorted(found) if 0x4E00 <= ord(one) < 0xA000]
    assert len(hanzi) == 20902
    assert FONT.missing("".join(hanzi)) == []


def test_a_missing_glyph_is_refused_by_name() -> None:
    with pytest.raises(MissingGlyph) as caught:
        FONT.width_mm("村\U0001f600庄", 8)
    assert caught.value.character == "\U0001f600"
    assert "U+1F600" in caught.value.sentence
    assert "[render] font" in caught.value.hint
    assert pickle.loads(pickle.dumps(caught.value)).sentence == caught.value.sentence
    assert FONT.missing("a\U0001f600b\U0001f600") == ["\U0001f600"]


@given(words, words)
def test_widths_add_up(one: str, other: str) -> None:
    together = FONT.width_mm(one + other, 9.5)
    assert together == pytest.approx(FONT.width_mm(one, 9.5) + FONT.width_mm(other, 9.5), abs=1e-9)


def test_hanzi_are_square_and_ink_lies_about_the_baseline() -> None:
    assert FONT.width_mm("县", 10) == pytest.approx(10 * MM_PER_PT)
    assert FONT.extent_em("  ") == (0.0, 0.0)
    low, high = FONT.extent_em("H")
    assert (low, high) == (0.0, pytest.approx(FONT.cap_height_em))
    assert FONT.extent_em("g")[0] < -0.1


@given(st.sets(st.sampled_from(sorted(FONT.codes)), max_size=25))
def test_a_subset_draws_the_same_outlines_under_the_codes_of_the_pages(characters: set[str]) -> None:
    program = FONT.subset(characters)
    assert program == FONT.subset(sorted(characters, reverse=True))
    top = _parsed(program)
    assert {f"cid{FONT.codes[one]:05d}" for one in characters} | {".notdef"} == set(top.CharStrings.keys())
    glyphs = FONT_FILE.getGlyphSet()
    for one in characters:
        ours, theirs = RecordingPen(), RecordingPen()
        top.CharStrings[f"cid{FONT.codes[one]:05d}"].draw(ours)
        glyphs[FONT_FILE.getGlyphName(FONT.codes[one])].draw(theirs)
        assert ours.value == theirs.value


def _parsed(program: bytes):
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(program), None)
    return fonts.topDictIndex[0]


def test_codes_lead_back_to_characters() -> None:
    cmap = FONT.to_unicode("县𬒔一⼀").decode()
    assert f"<{FONT.codes['县']:04X}> <53BF>" in cmap
    assert f"<{FONT.codes['𬒔']:04X}> <{'𬒔'.encode('utf-16-be').hex().upper()}>" in cmap
    assert FONT.codes["一"] == FONT.codes["⼀"]  # the radical shares the glyph
    assert "<4E00>" in cmap
    assert "<2F00>" not in cmap
    assert "<53BF>" not in FONT.to_unicode("县", heard=False).decode()


def test_what_is_no_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.otf").write_bytes(b"not a font")
    with pytest.raises(Refusal, match="cannot be read as a font"):
        load_font(tmp_path / "x.otf")
    with pytest.raises(Refusal, match="does not exist"):
        load_font(tmp_path / "y.otf")


@pytest.mark.parametrize("truetype", [True, False])
def test_an_office_may_bring_its_own_font(tmp_path: Path, truetype: bool) -> None:
    own = load_font(_made(tmp_path / f"own{truetype}.ttf", truetype))
    assert own.truetype is truetype
    assert own.width_mm("A", 10) == pytest.approx(10 * MM_PER_PT * 600 / 1024)
    assert own.missing("A县B") == ["县"]
    program = own.subset("B")
    if truetype:
        assert TTFont(io.BytesIO(program))["glyf"].keys() >= {".notdef"}
        assert own.codes["B"] < TTFont(io.BytesIO(program))["maxp"].numGlyphs
    else:
        top = _parsed(program)
        assert set(top.CharStrings.keys()) == {".notdef", f"cid{own.codes['B']:05d}"}
        assert top.FontMatrix[0] == pytest.approx(1 / 1024)


def _made(path: Path, truetype: bool) -> Path:
    builder = FontBuilder(1024, isTTF=truetype)
    names = [".notdef", "A", "B"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({65: "A", 66: "B"})
    drawn = {}
    for at, name in enumerate(names):
        pen = TTGlyphPen(None) if truetype else T2CharStringPen(600, None)
        pen.moveTo((0, 0))
        pen.lineTo((100 + at, 700))
        pen.lineTo((300, 0))
        pen.closePath()
        drawn[name] = pen.glyph() if truetype else pen.getCharString()
    if truetype:
        builder.setupGlyf(drawn)
    else:
        builder.setupCFF("Own", {"FullName": "Own"}, drawn, {})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-200)
    builder.setupNameTable({"familyName": "Own", "styleName": "Regular", "psName": "Own"})
    builder.setupOS2(sTypoAscender=900, sTypoDescender=-200)
    builder.setupPost()
    builder.save(path)
    return path


def test_names_of_other_alphabets_are_there() -> None:
    latin = "Dąbrowa Górnicza Łódź Šumava Žďár İstanbul Gyöngyös Ő Nguyễn Huệ Þingvellir ŵ ŷ ş ţ ħ"
    assert FONT.missing(latin + "Київ Ґ Қазақстан Улаанбаатар Өө Үү Ђорђе Αθήνα Ώρες e\u0301") == []
    everything = "".join(map(chr, (*range(0x00A0, 0x0250), *range(0x0400, 0x0530))))
    assert [one for one in FONT.missing(everything) if ord(one) < 0x0180] == []
    assert len(FONT.missing(everything)) == 0
    assert FONT.width_mm("ą", 10) < 0.7 * 10 * MM_PER_PT
    assert FONT.width_mm("Яα", 10) < 1.4 * 10 * MM_PER_PT  # as letters are, not as wide as hanzi
    low, high = FONT.extent_em("ł")
    assert (low, high) == (0.0, pytest.approx(FONT.extent_em("l")[1], abs=0.06))
