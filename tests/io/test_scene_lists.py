"""Lists of imagery: VRT mosaics and tile indexes name files below their folder, and do nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from pipeline.errors import Refusal
from pipeline.io.scene_lists import listed_scenes
from tests.faults.makers import layer

SIMPLE = """<SimpleSource><SourceFilename relativeToVRT="1">{file}</SourceFilename><SourceBand>{band}</SourceBand>
<SourceProperties RasterXSize="50" RasterYSize="50" DataType="Byte" BlockXSize="50" BlockYSize="40"/>
<SrcRect xOff="0" yOff="0" xSize="50" ySize="50"/><DstRect xOff="0" yOff="0" xSize="50" ySize="50"/>{more}
</SimpleSource>"""


def vrt(
    path: Path, bands: list[tuple[str, list[tuple[str, int]]]], more: str = "", kind: str = "", sub: str = ""
) -> Path:
    """A VRT as gdalbuildvrt writes it: of each band its colour, and file and band of each source."""
    told = "".join(
        f'<VRTRasterBand dataType="Byte" band="{at + 1}"{sub}><ColorInterp>{colour}</ColorInterp>'
        + "".join(SIMPLE.format(file=file, band=band, more=more) for file, band in sources)
        + "</VRTRasterBand>"
        for at, (colour, sources) in enumerate(bands)
    )
    path.write_text(f'<VRTDataset rasterXSize="90" rasterYSize="50"{kind}>{told}</VRTDataset>')
    return path


def of_three(files: list[str], order: tuple[int, ...] = (1, 2, 3)) -> list[tuple[str, list[tuple[str, int]]]]:
    return [("Gray" if at else "Undefined", [(file, band) for file in files]) for at, band in enumerate(order)]


def test_the_last_source_of_a_mosaic_lies_on_top(tmp_path: Path) -> None:
    made = listed_scenes(vrt(tmp_path / "a.vrt", of_three(["t/1.tif", "t/2.tif", "t/1.tif"])))
    assert [(one.path, one.bands) for one in made] == [(tmp_path / "t/2.tif", ()), (tmp_path / "t/1.tif", ())]


def test_bands_of_a_mosaic_are_told_in_those_of_its_files(tmp_path: Path) -> None:
    turned = vrt(tmp_path / "a.vrt", of_three(["1.tif"], (4, 3, 2)))
    assert listed_scenes(turned)[0].bands == (4, 3, 2)
    assert listed_scenes(turned, (3, 2, 1))[0].bands == (2, 3, 4)
    colours = [(name, [("1.tif", band)]) for name, band in (("Blue", 5), ("Green", 6), ("Red", 7))]
    assert listed_scenes(vrt(tmp_path / "b.vrt", colours))[0].bands == (7, 6, 5)
    with pytest.raises(Refusal, match="3 bands, not"):
        listed_scenes(turned, (4, 2, 1))


def test_what_a_mosaic_may_not_do_is_refused_in_words(tmp_path: Path) -> None:
    def refused(match: str, **named: str) -> None:
        given = of_three([named.pop("file", "1.tif")])
        with pytest.raises(Refusal, match=match) as caught:
            listed_scenes(vrt(tmp_path / "a.vrt", given, **named))
        assert caught.value.hint
        assert str(tmp_path) not in caught.value.sentence

    for name in ("../x.tif", "/etc/passwd", "t/../../x.tif"):
        refused("not below its own folder", file=name)
    for name in ("/vsicurl/http://127.0.0.1:9/x.tif", "http://127.0.0.1:9/x.tif", "/vsizip/x.zip/x.tif", "&lt;V/>", ""):
        refused("networks, archives and descriptions", file=name)
    refused("another VRT", file="b.vrt")
    refused("changes the values .*LUT", more="<LUT>0:255,255:0</LUT>")
    refused("reckons its pixels .*VRTDerived", sub=' subClass="VRTDerivedRasterBand"')
    refused("reckons its pixels .*VRTRaw", sub=' subClass="VRTRawRasterBand"')
    refused("reckons its pixels .*VRTWarped", kind=' subClass="VRTWarpedDataset"')


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><VRTDataset>&a;</VRTDataset>", "DOCTYPE"),
        ("<!DOCTYPE x><VRTDataset/>".encode("utf-16"), "DOCTYPE"),
        (b"<VRTDataset>", "is no VRT"),
        (b"<GDAL_WMS/>", "but GDAL_WMS"),
        (b"<VRTDataset/>", "names no image"),
        (b"", "is no VRT"),
    ],
)
def test_what_is_no_mosaic_is_refused(tmp_path: Path, text: bytes, match: str) -> None:
    path = tmp_path / "a.vrt"
    path.write_bytes(text)
    with pytest.raises(Refusal, match=match):
        listed_scenes(path)


def test_bands_from_different_files_are_no_mosaic(tmp_path: Path) -> None:
    apart = [("", [("1.tif", 1)]), ("", [("2.tif", 1)])]
    with pytest.raises(Refusal, match="different files"):
        listed_scenes(vrt(tmp_path / "a.vrt", apart))


@pytest.mark.parametrize("name", ["index.gpkg", "index.shp"])
def test_the_rows_of_a_tile_index_are_scenes_the_first_on_top(tmp_path: Path, name: str) -> None:
    (tmp_path / "乙.tif").touch()
    files = ["t/2.tif", str(tmp_path / "t" / "1.tif"), "D:\\dom\\乙.tif", "t/2.tif", ""]
    boxes = [shapely.box(at, 0, at + 1, 1) for at in range(len(files))]
    layer(tmp_path / name, boxes, LOCATION=files)
    made = listed_scenes(tmp_path / name, (3, 2, 1))
    assert [one.path for one in made] == [tmp_path / "t" / "2.tif", tmp_path / "t" / "1.tif", tmp_path / "乙.tif"]
    assert {one.bands for one in made} == {(3, 2, 1)}


@pytest.mark.parametrize("name", ["index.gpkg", "index.shp"])
def test_what_is_no_tile_index_is_refused(tmp_path: Path, name: str) -> None:
    layer(tmp_path / name, [shapely.box(0, 0, 1, 1)], files=["1.tif"])
    with pytest.raises(Refusal, match="no column location"):
        listed_scenes(tmp_path / name)
    layer(tmp_path / f"out_{name}", [shapely.box(0, 0, 1, 1)], location=["../1.tif"])
    with pytest.raises(Refusal, match="not below its own folder"):
        listed_scenes(tmp_path / f"out_{name}")
    part = (tmp_path / name).with_suffix(".dbf" if name.endswith("shp") else ".gpkg")
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(Refusal, match=r"cut off|damaged|no column"):
        listed_scenes(tmp_path / name)
