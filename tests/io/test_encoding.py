"""The encoding of a DBF: decided by its bytes, no plausible wrong hanzi, no file lost for half a character."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pipeline.errors import Refusal
from pipeline.io.encoding import Encoding, decide, decoded, plain_name

HANZI = ("延庆县康庄镇", "监测图斑备注")
WESTERN = ("Müller", "Genève à Côte")


def dbf(folder: Path, words: tuple[str, ...], encoding: str, language: int = 0, width: int = 40) -> Path:
    """A table of one text column, a row a word; longer words are cut where the field ends, as many programs do."""
    field = "BZ".ljust(11, "\0").encode() + b"C" + bytes(4) + bytes([width]) + bytes(15)
    rows = b"".join(b" " + one.encode(encoding)[:width].ljust(width) for one in words)
    head = struct.pack("<B3BIHH", 3, 125, 1, 1, len(words), 32 + 32 + 1, 1 + width)
    path = folder / "t.dbf"
    path.write_bytes(head + bytes(17) + bytes([language]) + bytes(2) + field + b"\r" + rows + b"\x1a")
    return path


def cpg(folder: Path, said: str) -> Path:
    path = folder / "t.cpg"
    path.write_bytes(said.encode())
    return path


@pytest.mark.parametrize(("encoding", "language"), [("gbk", 0), ("gbk", 0x57), ("utf-8", 0), ("utf-8", 0x57)])
def test_the_bytes_decide_without_cpg(tmp_path: Path, encoding: str, language: int) -> None:
    found = decide(dbf(tmp_path, HANZI, encoding, language), None, "")
    assert HANZI[0].encode(encoding).decode(found.name) == HANZI[0]


@pytest.mark.parametrize("said", ["GBK", "gb2312", "936", "ANSI 936", " cp936\r\n", '"GB18030"', "\ufeffGBK", "GBK\0"])
def test_spellings_of_cpg(tmp_path: Path, said: str) -> None:
    assert decide(dbf(tmp_path, HANZI, "gbk"), cpg(tmp_path, said), "").name == "gb18030"


@pytest.mark.parametrize(
    ("words", "encoding", "said"),
    [
        (HANZI, "gbk", "UTF-8"),
        (HANZI, "gbk", "ISO-8859-1"),
        (HANZI, "gbk", "ANSI 1252"),
        (HANZI, "utf-8", "GBK"),
        (HANZI, "utf-8", "ISO-8859-1"),
        (HANZI, "utf-8", "Big5"),
        (WESTERN, "cp1252", "UTF-8"),
        (HANZI, "gbk", "klingon"),
        (HANZI, "gbk", "rot13"),
    ],
)
def test_a_wrong_cpg_is_refused(tmp_path: Path, words: tuple[str, ...], encoding: str, said: str) -> None:
    with pytest.raises(Refusal):
        decide(dbf(tmp_path, words, encoding), cpg(tmp_path, said), "")


def test_western_text_is_not_taken_for_hanzi(tmp_path: Path) -> None:
    assert decide(dbf(tmp_path, WESTERN, "cp1252", 0x57), None, "").name == "cp1252"
    assert decide(dbf(tmp_path, WESTERN, "cp1252"), cpg(tmp_path, "ISO-8859-1"), "").name == "iso-8859-1"
    with pytest.raises(Refusal, match="neither UTF-8 nor GB18030"):
        decide(dbf(tmp_path, WESTERN, "cp1252"), None, "")


def test_the_campaign_decides_unless_all_bytes_speak_against_it(tmp_path: Path) -> None:
    assert decide(dbf(tmp_path, ("測試",), "big5"), cpg(tmp_path, "GBK"), "big5").name == "cp950"
    many = tuple(f"图斑{one}号" for one in "甲乙丙丁戊己庚辛")
    with pytest.raises(Refusal, match="valid UTF-8 too"):
        decide(dbf(tmp_path, many, "utf-8"), None, "gb18030")


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
@pytest.mark.parametrize("width", [7, 8, 9, 10, 11])
def test_half_a_character_at_the_end_of_a_full_field(tmp_path: Path, encoding: str, width: int) -> None:
    found = decide(dbf(tmp_path, HANZI, encoding, width=width), None, "")
    assert HANZI[0].startswith(decoded(HANZI[0].encode(encoding)[:width], found.name))


def test_half_a_character_elsewhere_is_no_text(tmp_path: Path) -> None:
    path = dbf(tmp_path, ("延庆",), "utf-8")
    path.write_bytes(path.read_bytes().replace("庆".encode(), "庆".encode()[:2] + b" "))
    with pytest.raises(Refusal):
        decide(path, cpg(tmp_path, "UTF-8"), "")


def test_bytes_far_down_the_table_count(tmp_path: Path) -> None:
    assert decide(dbf(tmp_path, ("x",) * 60_000 + HANZI, "gbk"), None, "").name == "gb18030"


def test_plain_names() -> None:
    assert [plain_name(one) for one in ("utf8", "65001", "88591", "x-gbk", "ANSI_950")] == [
        "utf-8",
        "utf-8",
        "iso-8859-1",
        "gb18030",
        "cp950",
    ]


# Names as they are in county layers and lists; in each table there is at least one that another encoding spells well.
SIMPLIFIED = (
    "石嘴山市",
    "亳州市",
    "歙县",
    "鄄城县",
    "嵊州市",
    "郯城县",
    "犍为县",
    "滕州市",
    "婺源县",
    "马鞍",
    "噶尔",
    "柳林",
)
TRADITIONAL = ("臺北市", "新北市板橋區", "屏東縣恆春鎮", "楊梅", "復興", "測試", "圖斑", "農地", "里", "路")
JAPANESE = ("東京都千代田区", "大阪市", "北海道", "渋谷区", "テスト", "建物", "道路", "マンション")
KOREAN = ("서울특별시", "강남구", "경기도 수원시", "부산광역시", "광주", "제주", "임야", "밭")
RUSSIAN = ("Москва", "Санкт-Петербург", "Казань", "область")
FRENCH = ("Genève", "Besançon", "Saint-Étienne", "Århus", "São Paulo", "Müller")
OTHERS = [
    (TRADITIONAL, "big5"),
    (JAPANESE, "shift-jis"),
    (KOREAN, "euc-kr"),
    (RUSSIAN, "cp1251"),
    (FRENCH, "cp1252"),
]


def tables(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The words together, and each alone: the hardest table there is."""
    return [words, *((one,) for one in words)]


def decided(path: Path, said: Path | None = None) -> Encoding | Refusal:
    try:
        return decide(path, said, "")
    except Refusal as refusal:
        return refusal


@pytest.mark.parametrize("language", [0, 0x57])
@pytest.mark.parametrize(("words", "encoding"), OTHERS)
def test_no_mojibake_passes(tmp_path: Path, words: tuple[str, ...], encoding: str, language: int) -> None:
    for table in tables(words):
        found = decided(dbf(tmp_path, table, encoding, language))
        if isinstance(found, Refusal):
            assert "patches_encoding" in found.hint
        else:
            assert [decoded(one.encode(encoding), found.name) for one in table] == list(table)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_hanzi_are_read_or_refused_without_a_word_of_whence(tmp_path: Path, encoding: str) -> None:
    for words in (SIMPLIFIED, TRADITIONAL):
        for table in tables(words):
            found = decided(dbf(tmp_path, table, encoding))
            if isinstance(found, Refusal):
                assert len(table) == 1
                assert f"GB18030: {table[0]}" in found.sentence
            else:
                assert found.name == encoding


@pytest.mark.parametrize("words", [SIMPLIFIED, TRADITIONAL, JAPANESE, KOREAN, RUSSIAN, FRENCH])
def test_utf_8_of_any_language_is_seen(tmp_path: Path, words: tuple[str, ...]) -> None:
    for table in tables(words):
        assert decide(dbf(tmp_path, table, "utf-8"), None, "").name == "utf-8"


@pytest.mark.parametrize(("words", "encoding"), [*OTHERS, (SIMPLIFIED, "gbk"), (SIMPLIFIED, "utf-8")])
def test_what_is_declared_rightly_is_taken(tmp_path: Path, words: tuple[str, ...], encoding: str) -> None:
    for table in tables(words):
        path = dbf(tmp_path, table, encoding)
        assert decide(path, cpg(tmp_path, encoding), "").name == plain_name(encoding)
        assert decide(path, None, encoding).name == plain_name(encoding)


@pytest.mark.parametrize(("words", "encoding"), [*OTHERS, (SIMPLIFIED, "gbk"), (SIMPLIFIED, "utf-8")])
@pytest.mark.parametrize("said", ["UTF-8", "GBK", "BIG5", "SHIFT_JIS", "EUC-KR", "1252", "ISO-8859-1"])
def test_what_is_declared_wrongly_is_refused(tmp_path: Path, words: tuple[str, ...], encoding: str, said: str) -> None:
    found = decided(dbf(tmp_path, words, encoding), cpg(tmp_path, said))
    if isinstance(found, Encoding):
        assert [decoded(one.encode(encoding), found.name) for one in words] == list(words)


def test_both_readings_are_shown_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"GB18030: .* or BIG5: 桃園縣|BIG5: 桃園縣.* or GB18030") as caught:
        decide(dbf(tmp_path, ("桃園縣龍潭鄉",), "big5"), None, "")
    assert '"big5"' in caught.value.hint


def test_a_county_of_the_campaign_settles_a_doubt(tmp_path: Path) -> None:
    path = dbf(tmp_path, ("柳林",), "gbk")
    with pytest.raises(Refusal, match="in several ways"):
        decide(path, None, "")
    assert decide(path, None, "", names=("柳林", "中阳")).name == "gb18030"


def test_the_language_byte_counts(tmp_path: Path) -> None:
    for words, encoding, language in ((KOREAN, "cp949", 0x4E), (JAPANESE, "cp932", 0x7B), (TRADITIONAL, "cp950", 0x4F)):
        assert decide(dbf(tmp_path, words, encoding, language), None, "").name == encoding
    with pytest.raises(Refusal, match="reads better so"):
        decide(dbf(tmp_path, ("柳林县", "石楼县", "东湖区"), "gbk", 0x4E), None, "")


def test_greek_and_polish_are_not_taken_for_hanzi(tmp_path: Path) -> None:
    assert decide(dbf(tmp_path, ("Αθήνα", "Θεσσαλονίκη"), "utf-8"), None, "").name == "utf-8"
    assert decide(dbf(tmp_path, ("Łódź", "Kraków", "Gdańsk"), "cp1250", 0xC8), None, "").name == "cp1250"


def test_weighing_is_fast_enough_for_a_nation(tmp_path: Path) -> None:
    words = tuple(f"{SIMPLIFIED[at % 12]}{at}号" for at in range(100_000))
    assert decide(dbf(tmp_path, words, "gbk"), None, "").name == "gb18030"
