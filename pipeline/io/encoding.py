"""The encoding of a DBF table, from evidence: an explicit option, .cpg, the language byte, or the bytes themselves.

GDAL reads GBK without a .cpg as Latin-1 in silence, and a wrong .cpg gives plausible wrong hanzi; so the raw bytes
are tried strictly before GDAL sees them.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import Refusal

# Language driver ids of the dBASE header that name a code page we may meet (Esri and dBASE tables). What 0x00, 0x03
# and 0x57 say is no evidence: half the programs write it whatever the text is.
LDID = {0x4D: "gb18030", 0x4E: "cp949", 0x4F: "cp950", 0x7B: "cp932", 0xC8: "cp1250", 0xC9: "cp1251"}
_WESTERN = (0x03, 0x57, 0x59)
_ALIKE = {
    "utf8": "utf-8",
    "65001": "utf-8",
    "utf-8-sig": "utf-8",
    "936": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "ansi936": "gb18030",
    "88591": "iso-8859-1",
    "1252": "cp1252",
    "ansi1252": "cp1252",
    "950": "cp950",
    "ansi950": "cp950",
}
_MANY = 8  # words of which not all would be valid in another encoding by chance
_HIGH = re.compile(rb"[\x80-\xff]+")
_CUT = re.compile(rb"[\x80-\xff]+$")


@dataclass(frozen=True)
class Encoding:
    """The decision and why: `name` as Python knows it."""

    name: str
    evidence: str


@dataclass(frozen=True)
class DbfHeader:
    """What a DBF file says of itself."""

    records: int
    header_bytes: int
    record_bytes: int
    language: int
    text_spans: tuple[tuple[int, int], ...]  # (offset in the record, length) of the character fields
    field_names: tuple[bytes, ...]

    @property
    def bytes(self) -> int:
        """The least size of the file by its header."""
        return self.header_bytes + self.records * self.record_bytes


def read_dbf_header(path: Path) -> DbfHeader:
    """The header of a DBF file.

    Raises:
        Refusal: the file is too short or its fields do not fit its records.
    """
    with path.open("rb") as source:
        head = source.read(32)
        if len(head) < 32:
            raise Refusal("the .dbf is cut off in its header", "ask the sender to send it again")
        records, header_bytes, record_bytes = struct.unpack("<IHH", head[4:12])
        fields = source.read(max(header_bytes - 32, 0))
    spans, names, at = [], [], 1
    for begin in range(0, len(fields) - 31, 32):
        one = fields[begin : begin + 32]
        if one[0] == 0x0D:
            break
        if one[11:12] in (b"C", b"c"):
            spans.append((at, one[16]))
        names.append(one[:11].split(b"\0")[0])
        at += one[16]
    if at > max(record_bytes, 1):
        raise Refusal("the fields of the .dbf do not fit its records", "ask the sender to export it again")
    return DbfHeader(records, header_bytes, record_bytes, head[29], tuple(spans), tuple(names))


def dbf_rows(path: Path, header: DbfHeader) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The records as bytes, shape (records there, bytes of a record), mapped from the file."""
    size = max(header.record_bytes, 1)
    there = min(header.records, max(path.stat().st_size - header.header_bytes, 0) // size)
    if there == 0:
        return np.zeros((0, size), np.uint8)
    return np.memmap(path, np.uint8, "r", header.header_bytes, (there, size))


def decide(dbf: Path, cpg: Path | None, option: str) -> Encoding:
    """The encoding to read a DBF with.

    Raises:
        Refusal: the bytes fit none of the candidates, or what is declared does not fit them.
    """
    header = read_dbf_header(dbf)
    texts = Texts(dbf, header)
    if option:
        return _declared(plain_name(option), "the campaign's patches_encoding", texts, sure=True)
    said = plain_name(cpg.read_bytes().decode("utf-8-sig", "replace")) if cpg is not None else ""
    if said:
        return _declared(said, f".cpg says {said}", texts)
    by_language = LDID.get(header.language, "")
    if by_language:
        return _declared(by_language, f"language byte 0x{header.language:02x}", texts)
    return _by_bytes(texts, header.language)


class Texts:
    """The words of a DBF that are not ASCII, each once: names of fields and contents of character fields.

    A word that fills its field to the last byte may end in half a character: many programs cut there.
    """

    def __init__(self, dbf: Path, header: DbfHeader) -> None:
        words = {(name, len(name) >= 10) for name in header.field_names if not name.isascii()}
        rows = dbf_rows(dbf, header)
        for at, length in header.text_spans:
            column = rows[:, at : at + length]
            for row in column[(column >= 0x80).any(axis=1)]:
                raw = row.tobytes()
                words.add((raw.split(b"\0")[0].strip(b" "), raw[-1:] not in (b" ", b"\0")))
        self.words = sorted(words)
        self.sample = b" ".join(word for word, _ in self.words)

    def fit(self, name: str) -> bool:
        """Whether every word is text in this encoding."""
        try:
            for word, full in self.words:
                decoded(word, name, may_be_cut=full)
        except UnicodeDecodeError:
            return False
        return True

    def double_bytes(self) -> bool:
        """Whether most runs of high bytes are of even length, as in GB 2312 and Big5, and rarely in Western text."""
        whole = [_CUT.sub(b"", word) if full else word for word, full in self.words]
        runs = [len(run) % 2 == 0 for word in whole for run in _HIGH.findall(word)]
        return sum(runs) * 2 > len(runs) or not runs

    def chinese(self) -> bool:
        """Whether they are GB18030 by form: valid, in double bytes, and few characters of private use."""
        if not (self.double_bytes() and self.fit("gb18030")):
            return False
        text = self.sample.decode("gb18030", "replace")
        private = sum(0xE000 <= ord(one) <= 0xF8FF for one in text)
        return private * 20 <= sum(not one.isascii() for one in text)


def decoded(word: bytes, name: str, may_be_cut: bool = True) -> str:
    """A word as text; where it may be cut, half a character at its end is left out.

    Raises:
        UnicodeDecodeError: the bytes are not text in this encoding.
    """
    return codecs.getincrementaldecoder(name)("strict").decode(word, not may_be_cut)


def _by_bytes(texts: Texts, language: int) -> Encoding:
    where = f"no .cpg, language byte 0x{language:02x}"
    if not texts.words:
        return Encoding("utf-8", f"{where}: all text is ASCII")
    if texts.fit("utf-8"):
        return Encoding("utf-8", f"{where}: the bytes are valid UTF-8")
    if texts.chinese():
        return Encoding("gb18030", f"{where}: the bytes are valid GB18030")
    if language in _WESTERN and not texts.double_bytes() and texts.fit("cp1252"):
        return Encoding("cp1252", f"{where}: neither UTF-8 nor GB18030")
    hint = 'set [inputs] patches_encoding, for example "cp1252" or "big5"'
    raise Refusal(f"the text of the .dbf is neither UTF-8 nor GB18030: {_shown(texts, ('cp1252', 'big5'))}", hint)


def _declared(name: str, evidence: str, texts: Texts, sure: bool = False) -> Encoding:
    """What is declared, if the bytes agree; `sure` where a person of the campaign said so."""
    if not _is_known(name):
        hint = 'set [inputs] patches_encoding = "gb18030" or "utf-8"'
        raise Refusal(f"{evidence}, an encoding that is not known", hint)
    if not texts.fit(name):
        other = next((one for one in ("utf-8", "gb18030") if texts.fit(one)), "")
        hint = "ask the sender to export it again, as UTF-8"
        if other:
            hint = f'the bytes fit {other.upper()}: set [inputs] patches_encoding = "{other}"'
        raise Refusal(f"{evidence}, but the text of the .dbf is not valid in it", hint)
    rival = _rival(name, texts) if texts.words and (not sure or len(texts.words) >= _MANY) else ""
    if rival:
        hint = f'look at the names; [inputs] patches_encoding = "{rival}" or "{name}" decides for all shapefiles'
        raise Refusal(f"{evidence}, but the text is valid {rival.upper()} too: {_shown(texts, (rival, name))}", hint)
    return Encoding(name, evidence)


def _rival(name: str, texts: Texts) -> str:
    """An encoding that fits bytes which by chance would hardly fit it, where another is declared."""
    if name != "utf-8" and texts.fit("utf-8"):
        return "utf-8"
    return "gb18030" if name.startswith(("iso-8859", "cp12", "latin")) and texts.chinese() else ""


def _is_known(name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return True


def _shown(texts: Texts, names: Iterable[str]) -> str:
    """The first words that are not ASCII, read in several ways."""
    return " or ".join(texts.sample[:60].decode(name, "replace") for name in names)


def plain_name(said: str) -> str:
    """An encoding as Python calls it, from the spellings of .cpg files: "ANSI 936", "GBK", "88591", "utf8"."""
    key = said.replace("\0", "").strip().strip('"').strip().lower()
    return _ALIKE.get(re.sub(r"[ _]", "", key).removeprefix("x-"), key)
