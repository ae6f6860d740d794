"""What people decided of deliveries: records released from quarantine, patches that a newer delivery replaces."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.decisions import Decision, names_file, of_verbs
from pipeline.geometry.repair import Repair
from pipeline.intake.records import Records

Ints = npt.NDArray[np.intp]
Objects = npt.NDArray[np.object_]


def record_ids(records: Records, rows: Ints) -> list[str]:
    """The name of a record in decisions: `Q-` and 10 signs of the delivery's content, the layer in it and the row."""
    order: dict[str, int] = {}
    nth = []
    for one in records.sources:
        nth.append(order.setdefault(one.delivery, 0))
        order[one.delivery] += 1
    at = zip(records.source[rows].tolist(), records.row[rows].tolist(), strict=True)
    return [_id(records.sources[source].delivery, nth[source], row) for source, row in at]


def _id(delivery: str, layer: int, row: int) -> str:
    digest = hashlib.sha256(f"{delivery}|{layer}|{row}".encode()).digest()
    return f"Q-{base64.b32encode(digest)[:10].decode()}"


def released(records: Records, repairs: Sequence[Repair], decisions: Sequence[Decision]) -> dict[int, Decision]:
    """The rows whose several readings a person chose among, with the decision."""
    rows = [one.row for one in repairs if not (one.agreed or one.tangled)]
    accepted = {one.id: one for one in of_verbs(decisions, "accept")}
    ids = zip(rows, record_ids(records, np.array(rows, np.intp)), strict=True)
    return {row: accepted[name] for row, name in ids if name in accepted}


def reading(repair: Repair, decision: Decision) -> shapely.Geometry:
    """The outline in the reading that was chosen."""
    return repair.structure if decision.object == "structure" else repair.linework


def rank_of_deliveries(names: Mapping[str, str], decisions: Sequence[Decision]) -> dict[str, int]:
    """How late each delivery (digest → name) counts: 0; what others supersede, one more than the last of them."""
    pairs = superseding(names, decisions)
    rank = dict.fromkeys(names, 0)
    for _ in range(len(pairs)):  # a chain is no longer than this
        for newer, older in pairs:
            rank[older] = max(rank[older], min(rank[newer] + 1, len(pairs)))
    return rank


def superseding(names: Mapping[str, str], decisions: Sequence[Decision]) -> dict[tuple[str, str], Decision]:
    """(newer, older) digests of deliveries of which a person said that one supersedes the other."""
    found: dict[tuple[str, str], Decision] = {}
    for one in of_verbs(decisions, "supersedes"):
        newer, older = _named(one.id, names), _named(one.object, names)
        found |= {(new, old): one for new in newer for old in older if new != old}
    return found


def _named(said: str, names: Mapping[str, str]) -> list[str]:
    return [digest for digest, name in names.items() if names_file(said, name, digest)]


def unused(
    decisions: Sequence[Decision], names: Mapping[str, str], used: frozenset[str]
) -> list[tuple[Decision, str, str]]:
    """Decisions that speak of nothing there is: (decision, "record" or "file", the name it gives)."""
    found = [(one, "record", one.id) for one in of_verbs(decisions, "accept") if one.id not in used]
    for one in of_verbs(decisions, "crs", "encoding", "supersedes"):
        said = [one.id, one.object] if one.verb == "supersedes" else [one.id]
        found += [(one, "file", each) for each in said if not _named(each, names)]
    return sorted(found, key=lambda one: one[0].row)
