"""Clip: patches cut at county borders; pieces, remainders, and what each county's own jobs need of the run."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import TYPE_CHECKING, Any

from pipeline.campaign import Campaign, Files
from pipeline.engine.digest import file_digest, value_digest
from pipeline.engine.run import Workshop, job_of, outputs_of
from pipeline.engine.stage import Done, Job, Stage
from pipeline.errors import Refusal
from pipeline.issues import Code, Issue, write_issues
from pipeline.layers import COUNTIES, PATCHES, PIECES, REMAINDERS
from pipeline.publish import write_json
from pipeline.records import CampaignFacts

if TYPE_CHECKING:
    from pipeline.geometry.clip import Clip

MU_M2, HA_M2, AC_M2 = 2000 / 3, 10_000.0, 4046.8564224
FRAGMENT = "fragment"
NEIGHBOUR_REACH = 0.15  # of a county's width and height: what its overview may show around it


@dataclass(frozen=True)
class Section:
    """`[clip]`: a piece below both limits is a fragment, counted and not asked about."""

    fragment_m2: float = 10.0
    fragment_share: float = 0.01

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012


@dataclass(frozen=True)
class Task:
    files: Files
    facts: CampaignFacts
    settings: Section


def jobs(campaign: Campaign, shop: Workshop) -> list[Job]:
    """The one job of clip, fresh while patches and counties are the same."""
    made = outputs_of(shop, "ingest")
    if not made:
        raise Refusal("no delivery has been ingested yet", "run `tuban run`, or `tuban ingest` first")
    settings = campaign.sections["clip"]
    parts = {
        "patches": made.get(_relative(campaign.files, PATCHES), ""),
        "counties": made.get(_relative(campaign.files, COUNTIES), ""),
        "settings": value_digest([asdict(settings), campaign.facts.language]),
    }
    return [job_of(STAGE, "", Task(campaign.files, campaign.facts, settings), parts)]


def _relative(files: Files, layer: Any) -> str:
    return files[layer].relative_to(files.out).as_posix()


def work(task: Task) -> Done:
    """Cut all patches in one pass and hand each county its slice."""
    from pipeline.geometry.clip import clip
    from pipeline.geometry.crs import ellipsoid_of
    from pipeline.io.tables import geometries, layer_table, read_parquet, table_crs, write_parquet

    files = task.files
    patch_table, county_table = read_parquet(files[PATCHES]), read_parquet(files[COUNTIES])
    crs = table_crs(county_table)
    patches, counties = geometries(patch_table), geometries(county_table)
    area = patch_table["area_m2"].to_numpy()
    cut = clip(patches, area, counties, ellipsoid_of(crs))
    pieces = _pieces(task, patch_table, county_table, cut)
    rest = _remainders(patch_table, cut)
    table = layer_table(PIECES, pieces.columns, pieces.geometry, crs)
    outputs = [
        write_parquet(files[PIECES], table),
        write_parquet(files[REMAINDERS], layer_table(REMAINDERS, rest, cut.remainder_geometry, crs)),
    ]
    issues = _issues(patch_table, county_table, cut, pieces)
    outputs += [
        files.state_file("issues/clip.jsonl"),
        files.state_file("clip_summary.json"),
        files.state_file("slices.json"),
    ]
    write_issues(outputs[-3], issues)
    write_json(outputs[-2], _summary(patch_table, county_table, cut, pieces))
    slices, made = _slices(task, patch_table, county_table, counties, cut, pieces, crs)
    write_json(outputs[-1], slices)
    _drop_old_slices(files, set(slices))
    return Done((*outputs, *made), {"pieces": len(pieces.patch), "asked": int(sum(pieces.columns["asked"]))})


@dataclass(frozen=True)
class Pieces:
    """The pieces in order of county and page: rows of the patch and county tables, columns of the layer, geometry."""

    patch: Any
    county: Any
    columns: dict[str, Any]
    geometry: Any


def _pieces(task: Task, patch_table: Any, county_table: Any, cut: Clip) -> Pieces:
    import numpy as np
    import shapely

    area = patch_table["area_m2"].to_numpy()
    share = cut.piece_area_m2 / area[cut.piece_patch]
    asked = ~((cut.piece_area_m2 < task.settings.fragment_m2) & (share < task.settings.fragment_share))
    number, count = _numbered(cut, np)
    inner = shapely.get_coordinates(shapely.point_on_surface(cut.piece_geometry)) if len(share) else np.zeros((0, 2))
    order, seq = _page_order(patch_table, cut, asked, inner)
    patch, county = cut.piece_patch[order], cut.piece_county[order]
    mine = patch_table.take(patch)
    text = {name: mine[name].to_pylist() for name in _CARRIED}
    m2 = cut.piece_area_m2[order]
    columns = {
        **text,
        "county_code": county_table["code"].take(county).to_pylist(),
        "county_name": county_table["name"].take(county).to_pylist(),
        "piece_no": number[order],
        "piece_count": count[order],
        "seq": seq,
        "area_m2": m2,
        "area_mu": m2 / MU_M2,
        "area_ha": m2 / HA_M2,
        "area_ac": m2 / AC_M2,
        "area_share": share[order],
        "patch_area_m2": area[patch],
        "asked": asked[order],
        "not_asked_reason": ["" if one else FRAGMENT for one in asked[order]],
        "lon_deg": inner[order, 0],
        "lat_deg": inner[order, 1],
    }
    return Pieces(patch, county, columns, cut.piece_geometry[order])


_SOURCE = ("delivery", "source_file", "source_layer", "source_row")
_CARRIED = (
    "patch_uid",
    "patch_no",
    "town",
    "village",
    "patch_type",
    "patch_type_name",
    "phase_before",
    "phase_after",
    *_SOURCE,
)


def _numbered(cut: Clip, np: Any) -> tuple[Any, Any]:
    """piece_no and piece_count of each piece: 1 is the largest; equal ones in order of counties."""
    order = np.lexsort((cut.piece_county, -cut.piece_area_m2, cut.piece_patch))
    patch = cut.piece_patch[order]
    first = np.searchsorted(patch, patch)
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order)) - first + 1
    count = np.bincount(cut.piece_patch, minlength=int(patch.max()) + 1 if len(patch) else 0)[cut.piece_patch]
    return number, count


def _page_order(patch_table: Any, cut: Clip, asked: Any, inner: Any) -> tuple[Any, Any]:
    """Order of the pieces (county; asked ones first; town, village, number, north to south) and the page of each."""
    import numpy as np

    from pipeline.fields import natural_key

    names = [patch_table[name].to_pylist() for name in ("town", "village", "patch_no", "patch_uid")]
    keys = [
        (
            int(county),
            not ask,
            *(natural_key(column[patch] or "") for column in names[:3]),
            -round(lat, 2),
            lon,
            names[3][patch],
        )
        for patch, county, ask, (lon, lat) in zip(cut.piece_patch, cut.piece_county, asked, inner, strict=True)
    ]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
    seq = np.zeros(len(order), np.int64)
    pages: Counter[int] = Counter()
    for at, row in enumerate(order):
        if asked[row]:
            pages[int(cut.piece_county[row])] += 1
            seq[at] = pages[int(cut.piece_county[row])]
    return order, seq


def _remainders(patch_table: Any, cut: Clip) -> dict[str, Any]:
    mine = patch_table.take(cut.remainder_patch)
    columns = {name: mine[name].to_pylist() for name in ("patch_uid", "patch_no", *_SOURCE)}
    share = cut.remainder_area_m2 / mine["area_m2"].to_numpy()
    return columns | {"area_m2": cut.remainder_area_m2, "area_share": share}


def _issues(patch_table: Any, county_table: Any, cut: Clip, pieces: Pieces) -> list[Issue]:
    import numpy as np

    uid, number = patch_table["patch_uid"].to_pylist(), patch_table["patch_no"].to_pylist()
    area = patch_table["area_m2"].to_numpy()
    issues: list[Issue] = []

    def add(code: Code, patch: int, shape: Any, place_code: str = "", **facts: Any) -> None:
        place = {name: patch_table[name][int(patch)].as_py() for name in _SOURCE}
        words = {"patch_no": number[patch] or uid[patch], **facts}
        issues.append(Issue(code, "clip", words, uid[patch], place_code, wkb_hex=_point_hex(shape), **place))

    for patch, shape, left in zip(cut.remainder_patch, cut.remainder_geometry, cut.remainder_area_m2, strict=True):
        whole = left >= area[patch] * (1 - 1e-9)
        share = f"{100 * left / area[patch]:.3g}"
        add(Code.OUTSIDE if whole else Code.PARTLY_OUTSIDE, patch, shape, area_m2=float(left), share=share)
    counties = _counties_of(pieces)
    for patch in np.flatnonzero(cut.double_m2 > 0):
        first = counties[int(patch)][0]
        names = ", ".join(pieces.columns["county_name"][at] for at in counties[int(patch)])
        add(Code.CLAIMED_TWICE, int(patch), pieces.geometry[first], area_m2=float(cut.double_m2[patch]), counties=names)
    for at in np.flatnonzero(~np.array(pieces.columns["asked"], bool)):
        facts = {
            "area_m2": float(pieces.columns["area_m2"][at]),
            "share": f"{100 * pieces.columns['area_share'][at]:.3g}",
        }
        code = pieces.columns["county_code"][at]
        add(
            Code.FRAGMENT,
            pieces.patch[at],
            pieces.geometry[at],
            code,
            **facts,
            county=pieces.columns["county_name"][at],
        )
    codes = set(county_table["code"].to_pylist())
    delivered = patch_table["county_code"].to_pylist()
    for at in np.flatnonzero(np.array(pieces.columns["piece_no"]) == 1):
        patch, code = pieces.patch[at], pieces.columns["county_code"][at]
        if delivered[patch] in codes and delivered[patch] != code:
            facts = {"delivered": delivered[patch], "share": f"{100 * pieces.columns['area_share'][at]:.1f}"}
            add(
                Code.COUNTY_CODE_DIFFERS,
                patch,
                pieces.geometry[at],
                code,
                **facts,
                county=pieces.columns["county_name"][at],
            )
    for patch in cut.unbalanced:
        shape = patch_table["geometry"][int(patch)].as_py()
        add(Code.UNBALANCED, patch, None, wkt=shape.hex())
    return issues


def _point_hex(shape: Any) -> str:
    import shapely

    return shapely.to_wkb(shapely.point_on_surface(shape), hex=True) if shape is not None else ""


def _counties_of(pieces: Pieces) -> dict[int, list[int]]:
    """Rows of pieces by patch, largest first."""
    rows: dict[int, list[int]] = defaultdict(list)
    for at, patch in enumerate(pieces.patch):
        rows[int(patch)].append(at)
    return {patch: sorted(ats, key=lambda at: int(pieces.columns["piece_no"][at])) for patch, ats in rows.items()}


def _summary(patch_table: Any, county_table: Any, cut: Clip, pieces: Pieces) -> dict[str, Any]:
    """The accounts of the clip, in total and by county."""
    asked = [bool(one) for one in pieces.columns["asked"]]
    codes = county_table["code"].to_pylist()
    area: dict[str, list[float]] = defaultdict(list)
    count: Counter[tuple[str, bool]] = Counter()
    for code, ask, m2 in zip(pieces.columns["county_code"], asked, pieces.columns["area_m2"], strict=True):
        area[code].append(float(m2))
        count[code, ask] += 1
    home = _homes(patch_table, set(codes), pieces)
    names = {
        name: county_table[name].to_pylist()
        for name in county_table.column_names
        if name not in ("geometry", "area_m2")
    }
    by_county = {
        code: {
            **{name: column[at] for name, column in names.items()},
            "pieces": count[code, True] + count[code, False],
            "asked": count[code, True],
            "area_m2": fsum(area[code]),
            "patches": home[code],
        }
        for at, code in enumerate(codes)
    }
    return {
        "area_m2": {
            "accepted": fsum(patch_table["area_m2"].to_pylist()),
            "inside": fsum(cut.piece_area_m2.tolist()),
            "outside": fsum(cut.remainder_area_m2.tolist()),
            "double": fsum(cut.double_m2.tolist()),
        },
        "pieces": {"all": len(asked), "asked": sum(asked), "not_asked": {FRAGMENT: len(asked) - sum(asked)}},
        "counties": by_county,
        "homeless": home[""],
        "unbalanced": [patch_table["patch_uid"][int(one)].as_py() for one in cut.unbalanced],
    }


def _homes(patch_table: Any, codes: set[str], pieces: Pieces) -> Counter[str]:
    """Patches by the county they count for: as delivered where that is a county, else where the largest piece lies."""
    main = {int(pieces.patch[ats[0]]): pieces.columns["county_code"][ats[0]] for ats in _counties_of(pieces).values()}
    delivered = patch_table["county_code"].to_pylist()
    return Counter(code if code in codes else main.get(at, "") for at, code in enumerate(delivered))


def _slices(
    task: Task, patch_table: Any, county_table: Any, counties: Any, cut: Clip, pieces: Pieces, crs: str
) -> tuple[dict[str, Any], list[Any]]:
    """One Arrow file a county, and an index with what its jobs depend on; only counties with asked pieces."""
    import numpy as np
    import shapely

    from pipeline.io.tables import write_arrow

    county_digest = [value_digest(blob.hex()) for blob in county_table["geometry"].to_pylist()]
    rows_of = _counties_of(pieces)
    boxes = shapely.bounds(counties)
    tree = shapely.STRtree(counties)
    words = _attribute_words(task, patch_table, np.unique(pieces.patch).tolist())
    blocked = _blocked(patch_table, counties, cut)
    index, made = {}, []
    starts = np.searchsorted(pieces.county, np.arange(len(counties) + 1))
    for at in np.unique(pieces.county).tolist():
        own = np.arange(starts[at], starts[at + 1])
        if not np.array(pieces.columns["asked"])[own].any():
            continue
        code = pieces.columns["county_code"][own[0]]
        others = sorted({row for one in own for row in rows_of[int(pieces.patch[one])]} - set(own.tolist()))
        path = write_arrow(task.files.slice(code), _slice_table(pieces, own.tolist(), others, words, crs))
        near = [int(one) for one in np.sort(tree.query(_reach(boxes[at]))) if one != at]
        asked = own[np.array(pieces.columns["asked"])[own]]
        digests = [file_digest(path), *(county_digest[one] for one in [at, *near])]
        index[code] = {
            "digest": value_digest(digests + [_names(county_table, [at, *near])]),
            "rows": [at, *near],
            "box": shapely.total_bounds(pieces.geometry[asked]).tolist(),
            "asked": len(asked),
            "blocked": at in blocked,
        }
        made.append(path)
    return index, made


def _blocked(patch_table: Any, counties: Any, cut: Clip) -> set[int]:
    """Counties that a patch without balance touches: they are not published."""
    import numpy as np
    import shapely

    shapes = shapely.from_wkb([patch_table["geometry"][int(one)].as_py() for one in cut.unbalanced])
    return {int(row) for shape in shapes for row in np.flatnonzero(shapely.intersects(counties, shape))}


def _reach(box: Any) -> Any:
    import shapely

    dx, dy = (box[2] - box[0]) * NEIGHBOUR_REACH, (box[3] - box[1]) * NEIGHBOUR_REACH
    return shapely.box(box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy)


def _names(county_table: Any, rows: Sequence[int]) -> Any:
    return county_table.drop_columns(["geometry", "area_m2"]).take(list(rows)).to_pylist()


def _attribute_words(task: Task, patch_table: Any, patches: Sequence[int]) -> dict[int, dict[str, str]]:
    """What a county is told of a patch beyond the columns of its pieces: never its file or row, which may change."""
    from pipeline.texts import texts

    words = texts(task.facts.language)
    own = [
        *_SOURCE,
        *_CARRIED,
        "patch_key",
        "geometry",
        "area_m2",
        "area_reported_m2",
        "area_reported_unit",
        "repair",
        "source_crs",
    ]
    columns = {name: patch_table[name].to_pylist() for name in patch_table.column_names if name not in own}
    unit = patch_table["area_reported_unit"].to_pylist()
    made = {}
    for patch in patches:
        row = {name: str(column[patch]) for name, column in columns.items() if column[patch] not in (None, "")}
        if row.get("area_reported") and unit[patch]:
            row["area_reported"] += f" {words[f'unit.{unit[patch]}']}"
        made[patch] = row
    return made


_TOLD = ("area_reported", "remark")
_SLICE_COLUMNS = [one for one in PIECES.columns if one not in (*_SOURCE, "area_mu", "area_ha", "area_ac")]


def _slice_table(pieces: Pieces, own: list[int], others: list[int], words: dict[int, dict[str, str]], crs: str) -> Any:
    import pyarrow as pa
    import shapely

    rows = own + others
    columns = {name: pa.array([_plain(pieces.columns[name][at]) for at in rows]) for name in _SLICE_COLUMNS}
    columns["seq"] = pa.array([int(pieces.columns["seq"][at]) for at in own] + [0] * len(others))
    columns["own"] = pa.array([True] * len(own) + [False] * len(others))
    told = [words[int(pieces.patch[at])] for at in rows]
    for name in _TOLD:
        columns[name] = pa.array([one.get(name, "") for one in told])
    rest = [{name: value for name, value in one.items() if name not in _TOLD} for one in told]
    columns["attributes"] = pa.array([json.dumps(one, ensure_ascii=False, sort_keys=True) for one in rest])
    columns["geometry"] = pa.array(shapely.to_wkb(pieces.geometry[rows]), pa.binary())
    return pa.table(columns).replace_schema_metadata({"crs": crs})


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _drop_old_slices(files: Files, codes: set[str]) -> None:
    folder = files.state / "slices"
    for path in folder.glob("*.arrow") if folder.is_dir() else ():
        if path.stem not in codes:
            path.unlink()


STAGE = Stage("clip", 2, "run", Section, "pipeline.stages.clip:work", ("vocabularies",))
