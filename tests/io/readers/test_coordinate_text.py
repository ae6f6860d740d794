"""国土报备坐标 TXT: what is written comes back, whoever's spelling it is, and what is cut is never taken for whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Refusal
from pipeline.io.readers.coordinate_text import read_coordinate_text, sniff
from pipeline.io.readers.raw import Raw
from tests.io.readers.damage import cuts, flips, outcome, outlines, records

HEAD = {
    "格式版本号": "1.01版本",
    "数据产生单位": "某省自然资源厅",
    "坐标系": "2000国家大地坐标系",
    "几度分带": "3",
    "投影类型": "高斯克吕格",
    "计量单位": "米",
    "带号": "38",
    "精度": "0.001",
    "转换参数": ",,,,,,",
}
Ring = Sequence[tuple[float, float]]  # x, y
SQUARE = [(38383000.0, 3838000.0), (38383100.0, 3838000.0), (38383100.0, 3838100.0), (38383000.0, 3838100.0)]
HOLE = [(38383010.0, 3838010.0), (38383010.0, 3838020.0), (38383020.0, 3838020.0)]
BESIDE = [(38383200.0, 3838010.0), (38383210.0, 3838020.0), (38383220.0, 3838010.0)]


def parcel(no: str, rings: Sequence[Ring], closed: bool = True, end: str = ",@", name: str = "甲村") -> str:
    """A parcel as the format asks for, its rings closed by repeating their first point."""
    lines, at = [], 1
    for ring_no, ring in enumerate(rings, 1):
        names = [f"J{at + place}" for place in range(len(ring))]
        points = list(zip(names, ring, strict=True))
        points += points[:1] if closed else []
        lines += [f"{point},{ring_no},{y:.3f},{x:.3f}" for point, (x, y) in points]
        at += len(ring)
    return "\n".join([f"{len(lines)},0.5,{no},{name},面,I49G0001,工业用地,0601{end}", *lines])


def document(parcels: Sequence[str], **changes: str) -> str:
    head = HEAD | changes
    said = [f"{key}={value}" for key, value in head.items() if value != "-"]
    return "\n".join(["[属性描述]", *said, "[地块坐标]", *parcels, ""])


def read(tmp_path: Path, text: str, encoding: str = "gbk") -> Raw:
    path = tmp_path / "parcels.txt"
    path.write_bytes(text.encode(encoding))
    (made,) = read_coordinate_text(path)
    return made


def shape(raw: Raw, at: int = 0) -> shapely.Geometry:
    return shapely.from_wkb(raw.wkb[at])


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig", "utf-16"])
def test_a_parcel_comes_with_its_fields_hole_and_zone(tmp_path: Path, encoding: str) -> None:
    raw = read(tmp_path, document([parcel("001", [SQUARE, HOLE])]), encoding)
    assert raw.crs == "EPSG:4526"
    assert raw.fields["地块编号"] == ["001"]
    assert raw.fields["地块名称"] == ["甲村"]
    assert raw.fields["地类编码"] == ["0601"]
    assert shape(raw).equals(shapely.Polygon(SQUARE, [HOLE]))
    assert sniff(document([]).encode(encoding)[:200])


def test_a_second_ring_outside_the_first_is_a_part_and_no_hole(tmp_path: Path) -> None:
    made = shape(read(tmp_path, document([parcel("1", [SQUARE, BESIDE])])))
    assert made.geom_type == "MultiPolygon"
    assert made.area == pytest.approx(10000 + 100)


@pytest.mark.parametrize(
    ("changes", "shift", "epsg"),
    [
        ({}, 0, "EPSG:4526"),
        ({"带号": "-"}, 0, "EPSG:4526"),
        ({"几度分带": "-"}, 0, "EPSG:4526"),
        ({}, -38_000_000, "EPSG:4547"),
        ({"带号": "19", "几度分带": "6"}, -19_000_000, "EPSG:4497"),
        ({"带号": "19", "几度分带": "6"}, -38_000_000, "EPSG:4508"),
        ({"坐标系": "80国家大地坐标系"}, 0, "EPSG:2362"),
        ({"坐标系": "1954年北京坐标系"}, -38_000_000, "EPSG:2435"),
        ({"带号": "-"}, -38_000_000, ""),
        ({"坐标系": "独立坐标系"}, 0, ""),
    ],
)
def test_the_system_is_that_of_head_and_eastings(
    tmp_path: Path, changes: dict[str, str], shift: int, epsg: str
) -> None:
    moved = [(x + shift, y) for x, y in SQUARE]
    assert read(tmp_path, document([parcel("1", [moved])], **changes)).crs == epsg


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"带号": "39"}, "begin with 38"),
        ({"几度分带": "6"}, "is a 3° zone"),
        ({"投影类型": "墨卡托"}, "not Gauss-Krüger"),
        ({"计量单位": "千米"}, "neither metres"),
    ],
)
def test_a_head_that_contradicts_is_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read(tmp_path, document([parcel("1", [SQUARE])], **changes))


def test_other_spellings_mean_the_same(tmp_path: Path) -> None:
    usual = shape(read(tmp_path, document([parcel("1", [SQUARE])])))
    wide = document([parcel("1", [SQUARE])]).replace(",", "，").replace("[", "【").replace("]", "】")
    swapped = parcel("1", [[(y, x) for x, y in SQUARE]])
    for text in (
        wide,
        document([parcel("1", [SQUARE], end="")]),
        document([parcel("1", [SQUARE], closed=False)]),
        document([swapped]),
        document([parcel("1", [SQUARE])]).replace("\n", "\r\n"),
        document([parcel("1", [SQUARE], name="甲,乙")]),
    ):
        assert shape(read(tmp_path, text)).equals(usual)


def test_one_bad_parcel_sinks_no_other(tmp_path: Path) -> None:
    bad = parcel("2", [SQUARE]).replace("3838100.000", "38381OO.000", 1)
    stray = parcel("3", [SQUARE]).replace("38383100.000", "39383100.000", 1)
    missing = "\n".join(parcel("4", [SQUARE]).split("\n")[:-2])
    raw = read(tmp_path, document([parcel("1", [SQUARE]), bad, stray, missing, parcel("5", [SQUARE])]))
    assert raw.fields["地块编号"] == ["1", "2", "3", "4", "5"]
    assert [one is None for one in raw.wkb] == [False, True, True, True, False]
    assert sum("not understood" in one for one in raw.notes) == 3


def test_several_files_in_one_are_several_layers(tmp_path: Path) -> None:
    path = tmp_path / "two.txt"
    path.write_text(document([parcel("1", [SQUARE])]) + document([parcel("2", [SQUARE])], 坐标系="西安80"), "utf-8")
    assert [one.crs for one in read_coordinate_text(path)] == ["EPSG:4526", "EPSG:2362"]


PARCELS = [parcel(f"{no:03d}", [[(x + 200 * no, y) for x, y in SQUARE], HOLE]) for no in range(6)]


def test_a_cut_file_gives_no_outline_that_was_not_delivered(tmp_path: Path) -> None:
    path, data = tmp_path / "cut.txt", document(PARCELS).encode("gbk")
    path.write_bytes(data)
    delivered = outlines(read_coordinate_text(path))
    assert len(delivered) == 6
    for cut in cuts(data):
        assert outlines(outcome(read_coordinate_text, path, cut)) <= delivered


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_a_flipped_bit_loses_no_parcel(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "flip.txt"
    for flipped in flips(document(PARCELS).encode(encoding)):
        found = outcome(read_coordinate_text, path, flipped)
        assert not found or records(found) >= 6


ring = st.builds(
    lambda x, y, a, b: [(x, y), (x + a, y), (x + a, y + b)],
    *(st.integers(38_200_000_000, 38_800_000_000), st.integers(2_000_000_000, 5_900_000_000)),
    *(st.integers(10, 10**6), st.integers(10, 10**6)),
).map(lambda points: [(x / 1000, y / 1000) for x, y in points])
name = st.text(st.sampled_from("甲乙丙村（1）-_ab号"), min_size=1, max_size=8).filter(lambda one: one not in "面点线")


@given(st.lists(st.tuples(name, ring, st.booleans()), min_size=1, max_size=5), st.sampled_from(["gbk", "utf-8"]))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, parcels: list[tuple[str, Ring, bool]], encoding: str
) -> None:
    texts = [parcel(f"{at:03d}", [one], closed, name=called) for at, (called, one, closed) in enumerate(parcels)]
    raw = read(tmp_path_factory.mktemp("t"), document(texts), encoding)
    assert raw.fields["地块编号"] == [f"{at:03d}" for at in range(len(parcels))]
    assert raw.fields["地块名称"] == [called for called, _, _ in parcels]
    for at, (_, one, _) in enumerate(parcels):
        assert shape(raw, at).equals(shapely.Polygon(one))


def test_a_cut_anywhere_within_a_parcel_is_refused(tmp_path: Path) -> None:
    """Between two parcels a cut cannot be seen; anywhere else the file is refused."""
    lines = ["[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "带号=35", "[地块坐标]"]
    for at in range(3):
        ring = [(3_800_000, 35_500_000), (3_800_100, 35_500_000), (3_800_100, 35_500_090), (3_800_000, 35_500_000)]
        lines.append(f"4,0.9,P{at},第{at}村,面,,,,@")
        lines += [f"J{point % 3 + 1},1,{y + at}.000,{x + at}.000" for point, (y, x) in enumerate(ring)]
    path, text = tmp_path / "a.txt", "\n".join(lines) + "\n"
    whole, begins = 3, [text.index(f"4,0.9,P{at}") for at in range(3)]
    for cut in range(begins[0] + 1, len(text) - 1):
        path.write_text(text[:cut], encoding="utf-8")
        try:
            found = sum(len(one.rows) for one in read_coordinate_text(path))
        except Refusal:
            continue
        assert cut in (*begins, *(one - 1 for one in begins)), text[:cut][-80:]
        assert found < whole
