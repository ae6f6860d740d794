"""The encoding of a DBF table, from evidence: an explicit option, .cpg, the language byte, or the bytes themselves.

GDAL reads GBK without a .cpg as Latin-1 in silence, and a wrong .cpg gives plausible wrong hanzi; so the raw bytes
are tried strictly before GDAL sees them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Refusal

# Language driver ids of the dBASE header that name a code page we may meet (Esri and dBASE tables).
LDID = {0x4D: "gb18030", 0x4E: "cp949", 0x4F: "cp950", 0x7B: "cp932", 0x03: "cp1252", 0x57: "", 0x00: ""}
_SAMPLE = 2_000_000


@dataclass(frozen=True)
class Encoding:
    """The decision and why: `name` as Python and GDAL know it."""

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
    field_names: bytes


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
    spans, names, at = [], b"", 1
    for begin in range(0, len(fields) - 31, 32):
        one = fields[begin : begin + 32]
        if one[0] == 0x0D:
            break
        if one[11:12] in (b"C", b"c"):
            spans.append((at, one[16]))
        names += one[:11].split(b"\0")[0] + b"\n"
        at += one[16]
    return DbfHeader(records, header_bytes, record_bytes, head[29], tuple(spans), names)


def decide(dbf: Path, cpg: Path | None, option: str) -> Encoding:
    """The encoding to read a DBF with.

    Raises:
        Refusal: the bytes fit none of the candidates, or what is declared does not fit them.
    """
    header = read_dbf_header(dbf)
    texts = header.field_names + _character_bytes(dbf, header)
    if option:
        return _declared(option, "the campaign's patches_encoding", texts)
    if cpg is not None:
        name = _cpg_name(cpg)
        if name:
            return _declared(name, f".cpg says {name}", texts)
    by_language = LDID.get(header.language, "")
    if by_language and by_language != "cp1252":
        return _declared(by_language, f"language byte 0x{header.language:02x}", texts)
    return _by_bytes(texts, header.language)


def _by_bytes(texts: bytes, language: int) -> Encoding:
    where = f"no .cpg, language byte 0x{language:02x}"
    if texts.isascii():
        return Encoding("utf-8", f"{where}: all text is ASCII")
    for name in ("utf-8", "gb18030"):
        if _fits(name, texts):
            return Encoding(name, f"{where}: the bytes are valid {name.upper()}")
    if language == 0x03:
        return Encoding("cp1252", f"{where}: neither UTF-8 nor GB18030")
    hint = 'set [inputs] patches_encoding, for example "cp1252" or "big5"'
    raise Refusal("the text of the .dbf is neither UTF-8 nor GB18030", hint)


def _declared(name: str, evidence: str, texts: bytes) -> Encoding:
    try:
        fits = _fits(name, texts)
    except LookupError:
        raise Refusal(
            f"{evidence}, an encoding that is not known", 'set [inputs] patches_encoding = "gb18030"'
        ) from None
    if not fits:
        other = next((one for one in ("utf-8", "gb18030") if _fits(one, texts)), "")
        hint = f'the bytes fit {other.upper()}: set [inputs] patches_encoding = "{other}"' if other else ""
        raise Refusal(f"{evidence}, but the text of the .dbf is not valid in it", hint)
    if name.lower() in ("gbk", "gb2312", "cp936", "gb18030") and not texts.isascii() and _fits("utf-8", texts):
        hint = 'set [inputs] patches_encoding = "utf-8" or "gb18030" after looking at a name'
        raise Refusal(f"{evidence}, but the text is valid UTF-8 too: {_shown(texts, name)}", hint)
    return Encoding(name, evidence)


def _shown(texts: bytes, name: str) -> str:
    """The first words that are not ASCII, read in both ways."""
    word = next(one for one in texts.replace(b"\0", b" ").split() if not one.isascii())
    return f"{word.decode('utf-8', 'replace')} or {word.decode(name, 'replace')}"


def _fits(name: str, texts: bytes) -> bool:
    try:
        texts.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _cpg_name(cpg: Path) -> str:
    said = cpg.read_bytes().decode("ascii", "replace").strip().strip('"').lower()
    plain = {
        "utf8": "utf-8",
        "65001": "utf-8",
        "936": "gb18030",
        "gbk": "gb18030",
        "gb2312": "gb18030",
        "cp936": "gb18030",
    }
    plain |= {"ansi 936": "gb18030", "88591": "iso-8859-1", "1252": "cp1252", "ansi 1252": "cp1252", "950": "big5"}
    return plain.get(said, said)


def _character_bytes(dbf: Path, header: DbfHeader) -> bytes:
    """The bytes of the character fields, each field's padding taken off, a line each (at most 2 MB)."""
    with dbf.open("rb") as source:
        source.seek(header.header_bytes)
        body = source.read(min(header.records * header.record_bytes, _SAMPLE))
    size = header.record_bytes or 1
    rows = (body[at : at + size] for at in range(0, len(body) - size + 1, size))
    return b"\n".join(row[at : at + length].strip(b" \0") for row in rows for at, length in header.text_spans)
