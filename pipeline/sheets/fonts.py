"""The font of a sheet: measures words, knows what it lacks, and gives the subset one PDF needs."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from pipeline.errors import USAGE, Refusal
from pipeline.sheets.cff import Outline, cid_program
from pipeline.shelf import shelf_file

MM_PER_PT = 25.4 / 72
NO_INK = (0.0, 0.0)
NO_GLYPH = 0  # the box that stands for what a font has not; some map characters to it
COMMITTED = "fonts/TubanSans-SC.otf"


class MissingGlyph(Refusal):
    """The font lacks a character; drawing a box instead would falsify a name.

    `where` says which field of which sheet has it, once that is known.
    """

    def __init__(self, character: str, words: str, font: str, where: str = "") -> None:
        self.character, self.words, self.font, self.where = character, words, font, where
        place = f" ({where})" if where else ""
        super().__init__(
            f"the font {font} has no {character!r} (U+{ord(character):04X}), wanted in {words!r}{place}",
            hint='name a font that has it: [render] font = "NotoSansCJK-Regular.ttc"',
            code=USAGE,
        )

    def at(self, where: str) -> MissingGlyph:
        """The same, with the place it was found at."""
        return MissingGlyph(self.character, self.words, self.font, where)

    def __reduce__(self) -> tuple[type[MissingGlyph], tuple[str, str, str, str]]:  # type: ignore[override]
        return (MissingGlyph, (self.character, self.words, self.font, self.where))


@cache
def load_font(own: Path | None = None) -> Font:
    """The committed font, or the office's own; read once per process.

    Raises:
        Refusal: there is no such file, or it is not an OpenType or TrueType font.
    """
    return Font(shelf_file(COMMITTED, own))


class Font:
    """An OpenType font; the code of a character in a content stream is the index of its glyph in this file.

    Because the code does not depend on what else is used, pages stream out before the subset is known.

    Attributes:
        name: the PostScript name.
        truetype: outlines are TrueType (CIDFontType2), otherwise CFF (CIDFontType0).
        codes: character -> code.
        advances_em: character -> advance width.
        bbox_em: the box all glyphs lie in: left, bottom, right, top.
        ascent_em, descent_em, cap_height_em: above the baseline; the descent is negative.
    """

    def __init__(self, path: Path) -> None:
        self._file = _open(path)
        glyph_ids = self._file.getReverseGlyphMap()
        metrics, em = self._file["hmtx"].metrics, self._file["head"].unitsPerEm
        mapped: dict[int, str] = self._file.getBestCmap()
        names = {point: name for point, name in mapped.items() if glyph_ids[name] != NO_GLYPH}
        os2 = self._file["OS/2"]
        self.path = path
        self.name = str(self._file["name"].getDebugName(6) or path.stem)
        self.truetype = "glyf" in self._file
        self.units_per_em: int = em
        self.codes = {chr(point): glyph_ids[name] for point, name in names.items()}
        self._two_bytes = {one: code.to_bytes(2, "big") for one, code in self.codes.items()}
        self.advances_em = {chr(point): metrics[name][0] / em for point, name in names.items()}
        self.ascent_em = os2.sTypoAscender / em
        self.descent_em = os2.sTypoDescender / em
        head = self._file["head"]
        self.bbox_em = (head.xMin / em, head.yMin / em, head.xMax / em, head.yMax / em)
        self.cap_height_em = (getattr(os2, "sCapHeight", 0) or 0.7 * em) / em
        self._heights_em: dict[str, tuple[float, float]] = {}

    def width_mm(self, words: str, size_pt: float) -> float:
        """The advance width of `words`; raises MissingGlyph."""
        try:
            return float(sum(map(self.advances_em.__getitem__, words))) * size_pt * MM_PER_PT
        except KeyError:
            raise self._lacking(words) from None

    def encoded(self, words: str) -> bytes:
        """`words` as the two-byte codes of a content stream; raises MissingGlyph."""
        try:
            return b"".join(map(self._two_bytes.__getitem__, words))
        except KeyError:
            raise self._lacking(words) from None

    def missing(self, words: str) -> list[str]:
        """The characters of `words` the font has no glyph for, each once, in order."""
        return list(dict.fromkeys(one for one in words if one not in self.codes))

    def extent_em(self, words: str) -> tuple[float, float]:
        """The lowest and highest point of the ink of `words` about the baseline; (0, 0) if there is none."""
        spans = [span for span in map(self._height_em, set(words)) if span != NO_INK]
        return (min(spans)[0], max(high for _, high in spans)) if spans else NO_INK

    def subset(self, characters: Iterable[str]) -> bytes:
        """The font program with the glyphs of `characters` and .notdef, each under its code; deterministic."""
        wanted = sorted(set(characters))
        return self._truetype_subset(wanted) if self.truetype else self._cff_subset(wanted)

    def subset_name(self, characters: Iterable[str]) -> str:
        """The PostScript name with the six-letter tag PDF asks for, drawn from the characters."""
        digest = hashlib.sha256("".join(sorted(set(characters))).encode()).digest()
        return "".join(chr(65 + byte % 26) for byte in digest[:6]) + "+" + self.name

    def to_unicode(self, characters: Iterable[str], heard: bool = True) -> bytes:
        """The CMap from codes back to characters, for search and copy; to nothing if not to be `heard`."""
        pairs = sorted(_preferred(self.codes, characters).items())
        blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
        rows = "".join(_bfchar(block, heard) for block in blocks)
        return (_CMAP_HEAD + rows + _CMAP_TAIL).encode("ascii")

    @cached_property
    def _glyphs(self) -> Any:
        """Glyphs to be drawn, of a second copy: drawing unpacks a charstring, which subset() copies packed."""
        return _open(self.path).getGlyphSet()

    def _lacking(self, words: str) -> MissingGlyph:
        return MissingGlyph(self.missing(words)[0], words, self.path.name)

    def _height_em(self, character: str) -> tuple[float, float]:
        if character not in self._heights_em:
            if character not in self.codes:
                raise self._lacking(character)
            glyphs = self._glyphs
            pen = BoundsPen(glyphs)
            glyphs[self._file.getGlyphName(self.codes[character])].draw(pen)
            _, low, _, high = pen.bounds or (0, 0, 0, 0)
            self._heights_em[character] = (low / self.units_per_em, high / self.units_per_em)
        return self._heights_em[character]

    def _cff_subset(self, wanted: list[str]) -> bytes:
        codes = {0} | {self.codes[one] for one in wanted}
        source = self._file if _is_plain(self._file) else self._without_subroutines(wanted)
        top = source["CFF "].cff.topDictIndex[0]
        groups = getattr(top, "FDSelect", None)
        ids = source.getReverseGlyphMap()
        outlines = []
        for code in sorted(codes):
            row = ids[self._file.getGlyphName(code)]
            program = top.CharStrings.charStringsIndex[row].bytecode
            outlines.append(Outline(code, program, groups[row] if groups else 0))
        widths = [_widths(one) for one in getattr(top, "FDArray", [top])]
        return cid_program(self.subset_name(wanted), outlines, widths, _box(top), self.units_per_em)

    def _without_subroutines(self, wanted: list[str]) -> TTFont:
        return self._reduced(wanted, {"desubroutinize": True}, [])

    def _truetype_subset(self, wanted: list[str]) -> bytes:
        dropped = ["GSUB", "GPOS", "GDEF", "name", "post", "OS/2", "cmap", "vhea", "vmtx"]
        return _saved(self._reduced(wanted, {"retain_gids": True, "notdef_outline": True}, dropped))

    def _reduced(self, wanted: list[str], wishes: dict[str, bool], dropped: list[str]) -> TTFont:
        from fontTools.subset import Options, Subsetter  # 0.3 s to import, and the committed font needs it not

        options = Options(hinting=False, layout_features=[], **wishes)
        options.drop_tables += dropped
        font = _open(self.path)
        worker = Subsetter(options)
        worker.populate(gids=[self.codes[one] for one in wanted])
        worker.subset(font)
        return TTFont(io.BytesIO(_saved(font)))


def _open(path: Path) -> TTFont:
    try:
        data = io.BytesIO(path.read_bytes())
        number = -1
        if path.suffix.lower() in (".ttc", ".otc"):
            names = [str(one["name"].getDebugName(4)) for one in TTCollection(data, lazy=True).fonts]
            number = next((at for at, name in enumerate(names) if " SC" in name), 0)
        return TTFont(data, fontNumber=number, lazy=True, recalcTimestamp=False)
    except (TTLibError, OSError) as problem:
        raise Refusal(f"{path} cannot be read as a font: {problem}", code=USAGE) from problem


def _saved(font: TTFont) -> bytes:
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def _is_plain(file: TTFont) -> bool:
    """Whether the charstrings stand alone and can be copied as they are."""
    top = file["CFF "].cff.topDictIndex[0]
    privates = [one.Private for one in getattr(top, "FDArray", [top])]
    return not len(top.GlobalSubrs) and not any(hasattr(one, "Subrs") for one in privates)


def _widths(dictionary: object) -> tuple[int, int]:
    private = dictionary.Private  # type: ignore[attr-defined]
    return int(private.defaultWidthX), int(private.nominalWidthX)


def _box(top: object) -> tuple[int, int, int, int]:
    left, low, right, high = (int(one) for one in top.FontBBox)  # type: ignore[attr-defined]
    return left, low, right, high


def _preferred(codes: dict[str, int], characters: Iterable[str]) -> dict[int, str]:
    """One character per code: where two share a glyph (一 and the radical ⼀), the one in normal form."""
    found: dict[int, str] = {}
    for one in sorted(set(characters), key=lambda c: (unicodedata.normalize("NFKC", c) != c, c), reverse=True):
        found[codes[one]] = one
    return found


_CMAP_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_CMAP_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


def _bfchar(pairs: list[tuple[int, str]], heard: bool) -> str:
    words = [one.encode("utf-16-be").hex().upper() if heard else "" for _, one in pairs]
    rows = "".join(f"<{code:04X}> <{text}>\n" for (code, _), text in zip(pairs, words, strict=True))
    return f"{len(pairs)} beginbfchar\n{rows}endbfchar\n"
