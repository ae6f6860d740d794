"""What people decided of deliveries: records released from quarantine, patches that a newer delivery replaces."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import shapely

from pipeline.decisions import Decision, names_file, of_verbs
from pipeline.geometry.repair import Repair
from pipeline.intake.records import Records

Ints = npt.NDArray[np.intp]
Objects = npt.NDArray[np.object_]


def record_ids(records: Records, rows: Ints) -> list[str]:
    """The name of a record in decisions: `Q-` and 10 signs of the delivery's content, the layer in it and the row.

    The layer is named, not counted: what else in the delivery can be read does not change it. The same content twice
    has the same names, and is decided once.
    """
    alike = Counter[tuple[str, str, str, str]]()  # layers of one name in one file
    layers = []
    for one in records.sources:
        key = (one.delivery, one.file, one.layer, one.inside)
        layers.append(f"{one.delivery}|{one.inside}|{alike[key]}")
        alike[key] += 1
    at = zip(records.source[rows].tolist(), records.row[rows].tolist(), strict=True)
    return [_id(layers[source], row) for source, row in at]


def _id(layer: str, row: int) -> str:
    digest = hashlib.sha256(f"{layer}|{row}".encode("utf-8", "surrogatepass")).digest()
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
    for _, older in pairs:  # all that supersede a delivery are among them: as many as come before it
        rank[older] += 1
    return rank


def superseding(names: Mapping[str, str], decisions: Sequence[Decision]) -> dict[tuple[str, str], Decision]:
    """(newer, older) digests of deliveries of which one supersedes the other: as a person said, or because it
    supersedes one that does.

    Where decisions contradict one another, whether two or a whole ring of them, the last counts.
    """
    found: dict[tuple[str, str], Decision] = {}
    above: dict[str, set[str]] = {one: set() for one in names}  # what supersedes each delivery
    below: dict[str, set[str]] = {one: set() for one in names}
    for one in reversed(of_verbs(decisions, "supersedes")):
        for newer in _named(one.id, names):
            for older in _named(one.object, names):
                if newer == older or older in above[newer] or newer in above[older]:
                    continue
                for new in (newer, *sorted(above[newer])):
                    for old in (older, *sorted(below[older])):
                        found.setdefault((new, old), one)
                        above[old].add(new)
                        below[new].add(old)
    return found


def _named(said: str, names: Mapping[str, str]) -> list[str]:
    return [digest for digest, name in names.items() if names_file(said, name, digest)]


def unused(
    decisions: Sequence[Decision], deliveries: Sequence[tuple[str, str]], inner: Collection[str], used: frozenset[str]
) -> list[tuple[Decision, str, str]]:
    """Decisions that speak of nothing there is: (decision, "record" or "file", the name it gives).

    `deliveries` are (digest, name) of all, of one content under two names both; `inner` the files in them, of which a
    system can be said one by one.
    """
    found = [(one, "record", one.id) for one in of_verbs(decisions, "accept") if one.id not in used]
    for one in of_verbs(decisions, "crs", "encoding", "supersedes"):
        said = [one.id, one.object] if one.verb == "supersedes" else [one.id]
        more = [(name, "") for name in inner] if one.verb == "crs" else []
        there = [*((name, digest) for digest, name in deliveries), *more]
        found += [(one, "file", each) for each in said if not any(names_file(each, *of) for of in there)]
    return sorted(found, key=lambda one: one[0].row)
