"""What a reader makes of one layer: text, WKB and row numbers, nothing interpreted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

UNREADABLE = b"\0"  # stands for an outline that is there and cannot be understood


@dataclass(frozen=True)
class Remark:
    """What somebody must know of a layer as an issue of its own: its code and the facts of its sentence."""

    code: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Raw:
    """One layer as it was delivered; `wkb`, `rows` and every list of `fields` are of one length."""

    name: str  # the layer's name as delivered, "" where the file has but one without a name
    crs: str  # WKT or authority code the file itself states, "" if none
    fields: dict[str, list[str | None]]  # delivered column name → text per record, in delivered order
    wkb: list[bytes | None]  # little-endian WKB; None where there is none; `UNREADABLE` or None where not understood
    rows: list[int]  # record number in the delivery, 0-based; for text files the line of the record
    declared: int  # how many records the file says it has, -1 if it does not say
    notes: list[str]  # what somebody may want to know, one sentence each
    encoding: str
    evidence: str  # how the encoding is known
    remarks: list[Remark] = field(default_factory=list)
