"""The layer `borders`: where the county layer does not fit together, and how many patches that concerns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from pipeline.campaign import Files
from pipeline.cutting.cut import Cut
from pipeline.geometry.area import Ellipsoid
from pipeline.geometry.borders import MAX_PAIRS, disagreements
from pipeline.io.tables import GEOMETRY, geometries, layer_table, read_arrow, write_arrow
from pipeline.issues import Code, Issue
from pipeline.layers import BORDERS
from pipeline.texts import Texts

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]


def borders_of(
    files: Files, digest: str, counties: Geometries, ellipsoid: Ellipsoid, sliver_width_m: float
) -> pa.Table:
    """What disagrees in a county layer (rows, kind, area, WKB), as it was found when the layer came.

    `digest` is of all that this depends on: what was found is kept under it, for the search takes seconds.
    """
    kept = files.state_file(f"borders/{digest}.arrow")
    if not kept.is_file():
        _forget(kept.parent)
        write_arrow(kept, _looked_for(counties, ellipsoid, sliver_width_m))
    return read_arrow(kept)


def _forget(folder: Path) -> None:
    for path in folder.glob("*.arrow") if folder.is_dir() else ():
        path.unlink()


def _looked_for(counties: Geometries, ellipsoid: Ellipsoid, sliver_width_m: float) -> pa.Table:
    made = disagreements(counties, ellipsoid, sliver_width_m)
    columns: dict[str, Any] = {
        name: [getattr(one, name) for one in made.found] for name in ("kind", "county", "other", "area_m2")
    }
    kinds = {"kind": pa.string(), "county": pa.int64(), "other": pa.int64(), "area_m2": pa.float64()}
    table = pa.table({name: pa.array(columns[name], kind) for name, kind in kinds.items()})
    shapes = pa.array([shapely.to_wkb(one.geometry) for one in made.found], pa.binary())
    return table.append_column(GEOMETRY, shapes).replace_schema_metadata({"pairs": str(made.pairs)})


def border_layer(found: pa.Table, cut: Cut, patches: pa.Table, counties: pa.Table, crs: str) -> pa.Table:
    """The layer: found ground with the codes and names of its counties and the number of patches on it."""
    shapes = geometries(found)
    codes, names = ([*counties[name].to_pylist(), ""] for name in ("code", "name"))  # −1 is the last: no county
    sides = found["county"].to_pylist(), found["other"].to_pylist()
    columns: dict[str, Any] = {
        "kind": found["kind"].to_pylist(),
        "county_a": [codes[at] for at in sides[0]],
        "name_a": [names[at] for at in sides[0]],
        "county_b": [codes[at] for at in sides[1]],
        "name_b": [names[at] for at in sides[1]],
        "area_m2": found["area_m2"].to_pylist(),
        "patches": _patches_on(shapes, cut, patches),
    }
    return layer_table(BORDERS, columns, shapes, crs)


def _patches_on(shapes: Geometries, cut: Cut, patches: pa.Table) -> Ints:
    """How many patches have ground in each shape: such a patch is partly outside, or claimed twice, or was."""
    rows = np.unique(np.concatenate([cut.rest_patch, np.flatnonzero(cut.double_m2 > 0), cut.before[0]]))
    some = shapely.from_wkb(patches[GEOMETRY].take(pa.array(rows)).to_numpy(zero_copy_only=False))
    shape, patch = shapely.STRtree(some).query(shapes, predicate="intersects")
    shared = ~shapely.touches(shapes[shape], some[patch])
    return np.bincount(shape[shared], minlength=len(shapes))


def border_issues(found: pa.Table, layer: pa.Table, words: Texts) -> list[Issue]:
    """One issue for each row of the layer; one where not every pair that disagrees was looked at; one of the pairs that
    fit but for corners that one side lacks."""
    pairs = int(found.schema.metadata[b"pairs"])
    unseen = [Issue(Code.BORDERS_UNSEEN, "clip", {"pairs": pairs, "seen": MAX_PAIRS})] if pairs > MAX_PAIRS else []
    sides = zip(found["county"].to_pylist(), found["other"].to_pylist(), strict=True)
    fitting = min(pairs, MAX_PAIRS) - len({pair for pair in sides if pair[1] >= 0})
    uneven = [Issue(Code.BORDERS_UNEVEN, "clip", {"pairs": fitting})] if fitting > 0 else []
    shapes = geometries(layer)
    rows: Sequence[dict[str, Any]] = layer.drop_columns([GEOMETRY]).to_pylist()
    return unseen + uneven + [_issue(row, shape, words) for row, shape in zip(rows, shapes, strict=True)]


def _issue(row: dict[str, Any], shape: shapely.Geometry, words: Texts) -> Issue:
    facts = {
        "kind": words[f"issue.border_{row['kind']}"],
        "name": row["name_a"],
        "other": row["name_b"] or words["issue.border_nobody"],
        "area_m2": row["area_m2"],
        "patches": row["patches"],
    }
    place = shapely.to_wkb(shapely.point_on_surface(shape), hex=True)
    return Issue(Code.COUNTIES_DISAGREE, "clip", facts, county_code=row["county_a"], wkb_hex=place)
