"""The county map: shared borders stay shared, no county is lost, labels lie inside."""

from __future__ import annotations

import re

import numpy as np
import shapely

from pipeline.morning.map import county_map
from pipeline.morning.outlines import MARGIN, Outline, drawing_of
from pipeline.texts import texts
from tests.morning.province import morning, outlines


def drawn(path: str) -> list[np.ndarray]:
    """The rings of path data as points in units."""
    rings = []
    for x, y, steps in re.findall(r"M(\d+) (\d+)l([-\d ]+)z", path):
        numbers = [int(one) for one in re.findall(r"-?\d+", steps)]
        moves = np.array(numbers).reshape(-1, 2)
        rings.append(np.vstack([[int(x), int(y)], moves]).cumsum(axis=0))
    assert "".join(re.findall(r"M\d+ \d+l[-\d ]+z", path)) == path
    return rings


def plain(number: int) -> list[Outline]:
    return [Outline(str(at), shape, (f"县{at}", "1"), "", "") for at, shape in enumerate(outlines(number))]


def test_shared_borders_stay_shared() -> None:
    drawing = drawing_of(plain(30))
    polygons = [shapely.Polygon(ring) for path in drawing.paths.values() for ring in drawn(path)]
    whole = shapely.union_all(polygons)
    assert shapely.get_num_geometries(whole) == 1
    assert shapely.get_num_interior_rings(whole) == 0
    overlap = sum(one.area for one in polygons) - whole.area
    assert overlap == 0


def test_map_fits_its_box_and_every_county_is_on_it() -> None:
    drawing = drawing_of(plain(300))
    assert len(drawing.paths) == 300
    points = np.vstack([ring for path in drawing.paths.values() for ring in drawn(path)])
    assert (points >= MARGIN - 1).all()
    assert (points <= np.array([drawing.width, drawing.height]) - MARGIN + 1).all()


def test_north_is_up_and_areas_keep_their_ratio() -> None:
    south, north = shapely.box(100, 20, 101, 21), shapely.box(100, 50, 101, 51)
    drawing = drawing_of([Outline("s", south, ("s",), "", ""), Outline("n", north, ("n",), "", "")])
    low, high = (drawn(drawing.paths[one])[0] for one in "sn")
    assert low[:, 1].mean() > high[:, 1].mean()
    ratio = shapely.Polygon(high).area / shapely.Polygon(low).area
    assert abs(ratio - np.cos(np.radians(50.5)) / np.cos(np.radians(20.5))) < 0.06


def test_a_county_too_small_to_be_seen_keeps_a_mark() -> None:
    tiny = shapely.box(100, 30, 100.0001, 30.0001)
    drawing = drawing_of(
        [Outline("a", shapely.box(100, 30, 110, 38), ("a",), "", ""), Outline("b", tiny, ("b",), "", "")]
    )
    assert drawing.paths["b"]


def test_holes_and_islands_are_drawn() -> None:
    ring = shapely.box(100, 30, 104, 34).difference(shapely.box(101, 31, 103, 33))
    shape = shapely.union_all([ring, shapely.box(105, 30, 106, 31)])
    assert len(drawn(drawing_of([Outline("a", shape, ("a",), "", "")]).paths["a"])) == 3


def test_labels_lie_inside_their_counties() -> None:
    drawing = drawing_of(plain(20))
    assert drawing.labels
    for label in drawing.labels:
        path = drawing.paths[label.lines[0].removeprefix("县")]
        assert shapely.Polygon(drawn(path)[0]).contains(shapely.Point(label.x, label.y))


def test_where_counties_have_no_room_their_provinces_are_named() -> None:
    svg = county_map(morning(1000).counties, morning(1000).outlines, texts("zh"))
    assert 'class="names groups"' in svg
    assert {one.province_name for one in morning(1000).counties} == set(re.findall(r"<text[^>]*>([^<]+)<", svg))


def test_every_county_has_its_tooltip_and_state() -> None:
    given = morning(100)
    svg = county_map(given.counties, given.outlines, texts("en"))
    for one in given.counties:
        told = f"{one.word}, {one.came} patches received, {one.asked} to check"
        assert f"<title>{one.name} {one.code}: {told}</title>" in svg
    for word in {one.word for one in given.counties}:
        group = svg[svg.index(f'<g class="{word}">') :].split("</g>")[0]
        assert group.count("<title>") == sum(one.word == word for one in given.counties)
    failed = svg[svg.index('<g class="failed">') :].split("</g>")[0]
    assert failed.count("<path") == sum(bool(one.problem) for one in given.counties)
