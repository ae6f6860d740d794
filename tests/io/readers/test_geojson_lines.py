"""Newline-delimited GeoJSON: a feature a line, each standing or falling alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from pipeline.errors import Refusal
from pipeline.io.readers.geojson_lines import BROKEN, read_geojson_lines, sniff
from tests.io.readers.damage import cuts, flips, outcome, outlines, records, unclear

RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


def feature(no: str, ring: Any = RING, **more: Any) -> str:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return json.dumps({"type": "Feature", "properties": {"编号": no} | more, "geometry": geometry}, ensure_ascii=False)


def file(path: Path, lines: list[str], begin: str = "") -> Path:
    path.write_text("".join(f"{begin}{one}\n" for one in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("begin", ["", "\x1e"])
def test_features_come_in_order_with_their_properties(tmp_path: Path, begin: str) -> None:
    path = file(tmp_path / "a.geojsonl", [feature("甲", n=1.0), feature("乙", tags=["a"]), feature("château")], begin)
    assert sniff(path.read_bytes())
    (raw,) = read_geojson_lines(path)
    assert raw.fields == {"编号": ["甲", "乙", "château"], "n": ["1", None, None], "tags": [None, '["a"]', None]}
    assert [shapely.from_wkb(one).area for one in raw.wkb] == [0.5] * 3


@pytest.mark.parametrize(
    "line",
    [
        "junk",
        "[" * 100_000,
        feature("x", [[0, 0], ["1", 0], [1, 1], [0, 0]]),
        feature("x", [[0, 0], [float("nan"), 0], [1, 1], [0, 0]]),
        feature("x").replace("[1, 1]", "[1e400, 1]"),
        '{"type": "Feature", "properties": null, "geometry": null}',
        '{"type": "Feature", "properties": 5, "geometry": {"type": "CircularString", "coordinates": []}}',
    ],
)
def test_a_bad_line_sinks_no_other(tmp_path: Path, line: str) -> None:
    (raw,) = read_geojson_lines(file(tmp_path / "a.geojsonl", [feature("1"), line, feature("3")]))
    assert [one is None for one in raw.wkb] == [False, True, False]
    assert raw.rows == [0, 1, 2]
    if BROKEN in raw.fields:
        assert raw.fields[BROKEN] == [None, line, None]


def test_an_open_ring_is_closed(tmp_path: Path) -> None:
    (raw,) = read_geojson_lines(file(tmp_path / "a.geojsonl", [feature("1", RING[:3])]))
    assert shapely.from_wkb(raw.wkb[0]).area == 0.5


def test_other_json_is_refused(tmp_path: Path) -> None:
    whole = '{"type": "FeatureCollection",\n "features": []}'
    assert not sniff(whole.encode())
    with pytest.raises(Refusal, match="no line of it"):
        read_geojson_lines(file(tmp_path / "a.json", [whole]))
    line = json.dumps(json.loads(feature("1")) | {"crs": {"type": "link", "properties": {"href": "http://x"}}})
    with pytest.raises(Refusal, match="name a coordinate system"):
        read_geojson_lines(file(tmp_path / "b.json", [line]))


def test_damage_loses_no_line(tmp_path: Path) -> None:
    path = file(tmp_path / "d.geojsonl", [feature(f"第{at}号") for at in range(9)])
    data = path.read_bytes()
    delivered = outlines(read_geojson_lines(path))
    for cut in cuts(data):
        found = outcome(read_geojson_lines, path, cut)
        assert outlines(found) <= delivered
        assert records(found) >= cut.count(b"\n")
    for flipped in flips(data):
        found = outcome(read_geojson_lines, path, flipped)
        assert records(found) >= 9 or unclear(found)
