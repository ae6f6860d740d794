"""Table C: geometries and coordinate systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from tests.faults.fault import Fault, Spot, accepted, recorded, refused, set_aside
from tests.faults.makers import cut, geojson, layer, shapefile


def drawn(*shapes: Callable[[Spot], Any], crs: int | None = 4490) -> Callable[[Spot], None]:
    """A GeoPackage with a good box and these shapes."""

    def build(spot: Spot) -> None:
        layer(spot.file(".gpkg"), [spot.box(), *(one(spot) for one in shapes)], crs=crs)

    return build


def near(*points: tuple[float, float]) -> Callable[[Spot], Any]:
    """A polygon through these points, in half thousandths of a degree east of the good box."""
    return lambda spot: shapely.Polygon(
        [(spot.lon_deg + 0.001 + 0.0005 * x, spot.lat_deg + 0.0005 * y) for x, y in points]
    )


def at(x: float, y: float, size: float = 0.001) -> Callable[[Spot], Any]:
    """A box at these coordinates, wherever they are."""
    return lambda _: shapely.box(x, y, x + size, y + size)


def with_hole(spot: Spot) -> Any:
    box = spot.box(1)
    return shapely.Polygon(box.exterior, [box.centroid.buffer(0.0001).exterior, box.centroid.buffer(0.00005).exterior])


def twice(spot: Spot) -> Any:
    """A ring that goes round twice."""
    ring = list(spot.box(1).exterior.coords)
    return shapely.Polygon(ring[:-1] + ring)


def collected(spot: Spot) -> Any:
    return shapely.GeometryCollection([spot.box(1), shapely.Point(spot.lon_deg, spot.lat_deg)])


def combs(spot: Spot) -> Any:
    """Two combs of which every tooth crosses every tooth of the other."""
    x = np.repeat(np.linspace(0, 1, 1500), 2)
    y = np.tile([0.0, 1.0, 1.0, 0.0], 750)
    points = np.concatenate([np.column_stack([x, y]), np.column_stack([y, x])])
    return shapely.Polygon(points * 0.0005 + [spot.lon_deg + 0.001, spot.lat_deg])


def many_vertices(spot: Spot) -> Any:
    """A smooth outline of 200,000 vertices."""
    angle = np.linspace(0, 2 * np.pi, 200_000)
    circle = np.column_stack([np.cos(angle), np.sin(angle)]) * 0.0002
    return shapely.Polygon(circle + [spot.lon_deg + 0.0015, spot.lat_deg + 0.0003])


def many_lines(spot: Spot) -> Any:
    return shapely.LineString([(spot.lon_deg, spot.lat_deg), (spot.lon_deg + 0.001, spot.lat_deg)])


def projected(code: int, shift: tuple[float, float] = (0.0, 0.0), said: int | None = None) -> Callable[[Spot], None]:
    """Two boxes in a projected system, moved by `shift` metres, in a file that says it is in `said`."""

    def build(spot: Spot) -> None:
        move = Transformer.from_crs(4490, code, always_xy=True)

        def metres(xy: Any) -> Any:
            return np.column_stack(move.transform(xy[:, 0], xy[:, 1])) + shift

        shapes = [shapely.transform(one, metres) for one in spot.boxes(2)]
        layer(spot.file(".shp"), shapes, crs=said or code)

    return build


def degrees_called_metres(spot: Spot) -> None:
    layer(spot.file(".shp"), spot.boxes(2), crs=4547)


def metres_called_degrees(spot: Spot) -> None:
    layer(spot.file(".gpkg"), [shapely.box(500000, 3800000, 500100, 3800100)], crs=4490)


def without_crs(spot: Spot) -> None:
    layer(spot.file(".shp"), spot.boxes(2), crs=None)


def in_crs(code: int) -> Callable[[Spot], None]:
    def build(spot: Spot) -> None:
        layer(spot.file(".gpkg"), spot.boxes(2), crs=code)

    return build


def named_4490(spot: Spot) -> None:
    """GeoJSON that names EPSG:4490 (latitude first by the register) with longitude first, as everybody writes it."""
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    geojson(spot, spot.boxes(2), crs=name)


def unknown_crs(spot: Spot) -> None:
    layer(spot.file(".shp"), spot.boxes(2))
    spot.file(".prj").write_text('LOCAL_CS["site grid",UNIT["metre",1]]', encoding="ascii")


def damaged_crs(spot: Spot) -> None:
    layer(spot.file(".shp"), spot.boxes(2))
    spot.file(".prj").write_bytes(b"\xff\x00GEOGCS[[[")


def cut_crs(spot: Spot) -> None:
    cut(shapefile(spot)[".prj"], 0.5)


BOW_TIE = near((0, 0), (1, 1), (1, 0), (0, 1))
SPIKE = near((0, 0), (1, 0), (1, 1), (2, 1), (1, 1), (0, 1))
TOUCHING = near((0, 0), (1, 0), (0.5, 0.5), (1, 1), (0, 1), (0.5, 0.5))

C: tuple[Fault, ...] = (
    set_aside("C1", "bow_tie", drawn(BOW_TIE), "AMBIGUOUS_SHAPE"),
    set_aside("C1", "hole_in_a_hole", drawn(with_hole), "AMBIGUOUS_SHAPE"),
    set_aside("C1", "wound_twice", drawn(twice), "AMBIGUOUS_SHAPE"),
    Fault("C1", "spike", drawn(SPIKE), "repaired", counts=(2, 0, 0), code="REPAIRED"),
    Fault("C1", "ring_that_touches_itself", drawn(TOUCHING), "repaired", counts=(2, 0, 0), code="REPAIRED"),
    set_aside("C2", "null", drawn(lambda _: None), "NO_GEOMETRY"),
    set_aside("C2", "empty", drawn(lambda _: shapely.Polygon()), "NO_GEOMETRY"),
    recorded("C2", "outside_every_county", drawn(at(110, 30)), (2, 0, 0), "OUTSIDE"),
    accepted("C3", "across_counties", drawn(at(105.9995, 34.9)), 2),
    set_aside("C4", "a_line", drawn(many_lines), "NOT_AREAL"),
    set_aside("C4", "a_collection", drawn(collected), "NOT_AREAL"),
    set_aside("C4", "without_ground", drawn(near((0, 0), (1, 0), (0, 0))), "BAD_GEOMETRY"),
    set_aside("C7", "crs_missing", without_crs, "NO_CRS", 0, 2),
    recorded("C7", "crs_wgs84", in_crs(4326), (2, 0, 0), "CRS_IDENTITY", "4326"),
    set_aside("C7", "crs_beijing_54", in_crs(4214), "CRS_REFUSED", 0, 2),
    set_aside("C7", "crs_xian_80", in_crs(4610), "CRS_REFUSED", 0, 2),
    set_aside("C7", "crs_of_a_site", unknown_crs, "CRS_REFUSED|NO_CRS", 0, 2),
    refused("C7", "crs_cut", cut_crs, "coordinate system .* is damaged"),
    set_aside("C7", "crs_damaged", damaged_crs, "CRS_REFUSED|NO_CRS", 0, 2),
    recorded("C8", "degrees_called_metres", degrees_called_metres, (2, 0, 0), "OUTSIDE"),
    set_aside("C8", "metres_called_degrees", metres_called_degrees, "OUT_OF_RANGE", 0, 1),
    accepted("C9", "longitude_first_in_4490", named_4490, 2),
    accepted("C10", "zone_35_with_prefix", projected(4523), 2),
    accepted("C10", "meridian_105_without_prefix", projected(4544), 2),
    set_aside("C10", "prefix_in_a_crs_without", projected(4544, (35e6, 0)), "OUT_OF_RANGE", 0, 2),
    set_aside("C10", "no_prefix_in_a_crs_with", projected(4523, (-35e6, 0)), "OUT_OF_RANGE", 0, 2),
    set_aside("C11", "latitude_first", drawn(at(34.5, 105.5)), "OUT_OF_RANGE"),
    set_aside("C11", "out_of_range", drawn(at(400, 34)), "OUT_OF_RANGE"),
    recorded("C11", "at_zero_zero", drawn(at(0, 0)), (2, 0, 0), "OUTSIDE"),
    recorded("C11", "at_the_antimeridian", drawn(at(179.9995, 34.5, 0.0005)), (2, 0, 0), "OUTSIDE"),
    set_aside("C11", "beyond_the_antimeridian", drawn(at(179.9995, 34.5)), "OUT_OF_RANGE"),
    set_aside("C12", "combs", drawn(combs), "BAD_GEOMETRY"),
    accepted("C12", "many_vertices", drawn(many_vertices), 2),
)
