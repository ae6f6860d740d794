"""What a reader makes of one layer: text, WKB and row numbers, nothing interpreted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Raw:
    """One layer as it was delivered; `wkb`, `rows` and every list of `fields` are of one length."""

    name: str  # the layer's name as delivered, "" where the file has but one without a name
    crs: str  # WKT or authority code the file itself states, "" if none
    fields: dict[str, list[str | None]]  # delivered column name → text per record, in delivered order
    wkb: list[bytes | None]  # little-endian WKB, None where there is none or it cannot be understood
    rows: list[int]  # record number in the delivery, 0-based; for text files the line of the record
    declared: int  # how many records the file says it has, -1 if it does not say
    notes: list[str]  # what somebody should know, one sentence each
    encoding: str
    evidence: str  # how the encoding is known
