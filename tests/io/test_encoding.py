"""The encoding of a DBF: decided by its bytes, no plausible wrong hanzi, no file lost for half a character."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pipeline.errors import Refusal
from pipeline.io.encoding import decide, decoded, plain_name

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
    assert decide(dbf(tmp_path, ("測試",), "big5"), cpg(tmp_path, "GBK"), "big5").name == "big5"
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
