"""The encoding of a DBF table, from evidence: an explicit option, .cpg, the language byte, or the bytes themselves.

GDAL reads GBK without a .cpg as Latin-1 in silence, and a wrong .cpg gives plausible wrong hanzi; so the raw bytes
are tried strictly before GDAL sees them, and where they are valid in several encodings it counts which of the texts
somebody may have written (`likelihood`). Two that are near each other are refused with both shown.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import Refusal
from pipeline.io.likelihood import likelihood

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
    "big5": "cp950",
    "ansi950": "cp950",
    "932": "cp932",
    "shiftjis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "949": "cp949",
    "euc-kr": "cp949",
    "euckr": "cp949",
    "ksc5601": "cp949",
}
_USUAL = ("utf-8", "gb18030")  # what is taken without being declared
# What is tried, and the languages that are written in it (none named: all).
_CANDIDATES: dict[str, tuple[str, ...]] = {
    "utf-8": (),
    "gb18030": ("simplified", "traditional"),
    "cp950": ("traditional",),
    "cp932": ("japanese",),
    "cp949": ("korean",),
    "cp1252": ("latin",),
    "cp1251": ("cyrillic",),
}
_SHOWN = {"cp950": "big5", "cp932": "shift-jis", "cp949": "euc-kr"}

# In nats, natural logarithms of probability; a wrong reading is usually ten a character behind.
CLEAR = 3.0  # lead of a reading that is taken where nothing is declared
UNUSUAL = 1.0  # what speaks against Big5, Shift-JIS … before their text is looked at
DECLARED = 10.0  # lead of another reading over the declared one that nobody may overlook …
SURE = 3.0  # … and a character, where the campaign itself declares
PLAUSIBLE = -12.5  # a character: below, nobody wrote that
_MANY = 8  # words of which not all would be valid in another encoding by chance
_ROWS = 200_000  # read at once
_SAMPLE = 2_000  # words that are weighed


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


def decide(dbf: Path, cpg: Path | None, option: str, names: Collection[str] = ()) -> Encoding:
    """The encoding to read a DBF with; `names` are places that may well be named in it (the campaign's counties).

    Raises:
        Refusal: the bytes fit none of the candidates, or what is declared does not fit them, or two texts are as
            likely.
    """
    header = read_dbf_header(dbf)
    texts = Texts(dbf, header)
    if option:
        return _declared(plain_name(option), "the campaign's patches_encoding", texts, names, sure=True)
    said = plain_name(cpg.read_bytes().decode("utf-8-sig", "replace")) if cpg is not None else ""
    if said:
        return _declared(said, f".cpg says {said}", texts, names)
    by_language = LDID.get(header.language, "")
    if by_language:
        return _declared(by_language, f"language byte 0x{header.language:02x}", texts, names)
    return _by_bytes(texts, header.language, names)


class Texts:
    """The words of a DBF that are not ASCII, each once: names of fields and contents of character fields.

    A word that fills its field to the last byte may end in half a character: many programs cut there.
    """

    def __init__(self, dbf: Path, header: DbfHeader) -> None:
        words = {(name, len(name) >= 10) for name in header.field_names if not name.isascii()}
        rows = dbf_rows(dbf, header)
        for begin in range(0, len(rows), _ROWS):
            for at, length in header.text_spans:
                words |= _words(rows[begin : begin + _ROWS, at : at + length])
        self.words = sorted(words)
        self.some = self.words[:: len(self.words) // _SAMPLE + 1]
        self._whole = b"\n".join(word for word, full in self.words if not full)
        self._full = [word for word, full in self.words if full]

    def fit(self, name: str) -> bool:
        """Whether every word is text in this encoding."""
        try:
            decoded(self._whole, name, may_be_cut=False)  # at once: no character goes over the end of a line
            for word in self._full:
                decoded(word, name)
        except UnicodeDecodeError:
            return False
        return True

    def shown(self, name: str) -> str:
        """The first words in an encoding that does not fit them."""
        return b" ".join(word for word, _ in self.words)[:60].decode(name, "replace")


def _words(column: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> set[tuple[bytes, bool]]:
    """The different words of a column of bytes that are not ASCII, and whether each fills its field."""
    import pyarrow as pa

    packed = pa.py_buffer(np.ascontiguousarray(column))
    texts = pa.FixedSizeBinaryArray.from_buffers(pa.binary(column.shape[1]), len(column), [None, packed])
    raws = (one for one in texts.unique().to_pylist() if not one.isascii())
    return {(raw.split(b"\0")[0].strip(b" "), raw[-1:] not in (b" ", b"\0")) for raw in raws}


def decoded(word: bytes, name: str, may_be_cut: bool = True) -> str:
    """A word as text; where it may be cut, half a character at its end is left out.

    Raises:
        UnicodeDecodeError: the bytes are not text in this encoding.
    """
    return codecs.getincrementaldecoder(name)("strict").decode(word, not may_be_cut)


@dataclass(frozen=True)
class Reading:
    """The words in an encoding that fits them all."""

    name: str
    nats: float  # how likely they are
    characters: int
    shown: str  # the first of them

    def said(self) -> str:
        return f"{_SHOWN.get(self.name, self.name).upper()}: {self.shown}"


def readings(texts: Texts, more: str = "", names: Collection[str] = ()) -> list[Reading]:
    """What the words say in each encoding that fits them, the likeliest first; each different text once.

    `more` is an encoding to try besides the usual candidates.
    """
    found: dict[str, Reading] = {}
    for name, tongues in ({more: ()} | _CANDIDATES | {more: ()} if more else _CANDIDATES).items():
        if texts.fit(name):
            words = [decoded(word, name, full) for word, full in texts.some]
            text = "\n".join(words)
            found.setdefault(text, Reading(name, likelihood(words, names, tongues), len(text), " ".join(words)[:40]))
    return sorted(found.values(), key=lambda one: -one.nats)


def _by_bytes(texts: Texts, language: int, names: Collection[str]) -> Encoding:
    """Undeclared: UTF-8 or GB18030, where the text reads clearly better in it than in any other."""
    where = f"no .cpg, language byte 0x{language:02x}"
    if not texts.words:
        return Encoding("utf-8", f"{where}: all text is ASCII")
    taken = (*_USUAL, "cp1252") if language in _WESTERN else _USUAL
    ahead = [(one.nats - (0 if one.name in taken else UNUSUAL), one) for one in readings(texts, names=names)]
    ahead.sort(key=lambda one: -one[0])
    if ahead and ahead[0][1].name in taken and _is_clear([nats for nats, _ in ahead], ahead[0][1]):
        best = ahead[0][1]
        return Encoding(best.name, f"{where}: the bytes are valid {best.name.upper()} and read best so")
    raise _unclear([one for _, one in ahead], texts)


def _is_clear(nats: Sequence[float], best: Reading) -> bool:
    alone = len(nats) == 1 or nats[0] - nats[1] >= CLEAR
    return alone and best.nats >= PLAUSIBLE * best.characters


def _unclear(found: Sequence[Reading], texts: Texts) -> Refusal:
    """The refusal that shows two readings, a usual one among them, and says how to choose."""
    usual = [one for one in found if one.name in _USUAL]
    if usual:
        what = "can be read in several ways" if len(found) > 1 else "is no text that anybody writes"
        two = found[:2] if found[0] in usual else [found[0], usual[0]]
    else:
        what = "is neither UTF-8 nor GB18030"
        two = found[:2] or [Reading(one, 0, 0, texts.shown(one)) for one in ("cp1252", "cp950")]
    both = " or ".join(f'"{_SHOWN.get(one.name, one.name)}"' for one in two)
    hint = f"look which is right and set [inputs] patches_encoding, for example {both}"
    return Refusal(f"the text of the .dbf {what}: {' or '.join(one.said() for one in two)}", hint)


def _declared(name: str, evidence: str, texts: Texts, names: Collection[str], sure: bool = False) -> Encoding:
    """What is declared, if the bytes agree; `sure` where a person of the campaign said so."""
    if not _is_known(name):
        hint = 'set [inputs] patches_encoding = "gb18030" or "utf-8"'
        raise Refusal(f"{evidence}, an encoding that is not known", hint)
    if not texts.fit(name):
        raise _unfit(evidence, readings(texts, names=names))
    if texts.words and (not sure or len(texts.words) >= _MANY):
        _no_better(name, evidence, readings(texts, name, names), sure)
    return Encoding(name, evidence)


def _unfit(evidence: str, others: Sequence[Reading]) -> Refusal:
    hint = "ask the sender to export it again, as UTF-8"
    if others:
        other = _SHOWN.get(others[0].name, others[0].name)
        hint = f'the bytes fit {others[0].said()}; if that is right, set [inputs] patches_encoding = "{other}"'
    return Refusal(f"{evidence}, but the text of the .dbf is not valid in it", hint)


def _no_better(name: str, evidence: str, found: Sequence[Reading], sure: bool) -> None:
    own, best = next(one for one in found if one.name == name), found[0]
    enough = max(DECLARED, SURE * own.characters) if sure else DECLARED
    if best.nats - own.nats <= enough:
        return
    other = _SHOWN.get(best.name, best.name)
    hint = f'look at the names; [inputs] patches_encoding = "{other}" or "{name}" decides for all shapefiles'
    both = f"{best.said()} or {own.said()}"
    raise Refusal(f"{evidence}, but the text is valid {other.upper()} too, and reads better so: {both}", hint)


def _is_known(name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return True


def plain_name(said: str) -> str:
    """An encoding as Python calls it, from the spellings of .cpg files: "ANSI 936", "GBK", "88591", "utf8"."""
    key = said.replace("\0", "").strip().strip('"').strip().lower()
    return _ALIKE.get(re.sub(r"[ _]", "", key).removeprefix("x-"), key)
