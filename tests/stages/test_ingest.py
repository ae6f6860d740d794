"""Ingest on a tiny province with one of every trouble: nothing lost, nothing doubled, everything said."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import pyogrio
import pytest
import shapely

from pipeline.geometry.identity import is_patch_uid
from tests.stages.runs import issues, run_stages, state, table, tuban


@pytest.fixture
def campaign(world: Path) -> Path:
    run_stages(world / "campaign.toml", "ingest", "clip")
    return world / "campaign.toml"


def trouble(world: Path, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((world / "demo.json").read_text(encoding="utf-8"))["troubles"][name]
    return found


def uids(campaign: Path) -> list[str]:
    return sorted(one["patch_uid"] for one in table(campaign, "patches"))


def test_every_record_is_accounted_for(campaign: Path) -> None:
    summary, records = state(campaign, "ingest_summary.json"), table(campaign, "records")
    counts = Counter(one["status"] for one in records)
    assert summary["records"] == {
        "received": len(records),
        **{k: counts[k] for k in ("accepted", "quarantined", "duplicate")},
    }
    assert counts["duplicate"] == 3
    assert counts["quarantined"] == 2
    assert len(table(campaign, "patches")) == counts["accepted"]
    for one in summary["by_delivery"]:
        assert one["received"] == one["accepted"] + one["quarantined"] + one["duplicate"] > 0
    assert sum(one["received"] for one in summary["by_county"].values()) == len(records)


def test_each_trouble_is_named(campaign: Path) -> None:
    codes = Counter(one["code"] for one in issues(campaign))
    for code in (
        "AMBIGUOUS_SHAPE",
        "NO_GEOMETRY",
        "DUPLICATE_DIFFERS",
        "OUTSIDE",
        "PARTLY_OUTSIDE",
        "FRAGMENT",
        "AREA_DIFFERS",
    ):
        assert codes[code] >= 1, code
    assert codes["DUPLICATE"] == 2
    assert codes["NUMBER_DOUBLED"] == 2
    assert codes["REPAIRED"] == 2
    assert codes["CRS_IDENTITY"] == 1


def test_a_duplicate_names_an_accepted_patch(campaign: Path) -> None:
    accepted = set(uids(campaign))
    for one in table(campaign, "records"):
        assert (one["duplicate_of"] in accepted) == (one["status"] == "duplicate")


def test_numbers_are_unique_and_checked(campaign: Path) -> None:
    found = uids(campaign)
    assert len(set(found)) == len(found)
    assert all(is_patch_uid(one) for one in found)


def test_hanzi_dates_and_units_arrive_whole(campaign: Path) -> None:
    patches = table(campaign, "patches")
    assert {one["phase_before"] for one in patches} <= {"2025-03-14", "2025-03-18"}
    assert {one["area_reported_unit"] for one in patches} == {"mu", "m2"}
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in one["town"]) for one in patches)
    spelled = [one["phase_before_delivered"] for one in patches if one["phase_before_delivered"]]
    assert "20250314" in spelled
    assert any("年" in one for one in spelled)


@pytest.mark.usefixtures("campaign")
def test_received_files_are_kept_as_they_came(world: Path) -> None:
    kept = {one.name: one.read_bytes() for one in (world / "archive" / "received").iterdir() if len(one.name) == 64}
    delivered = [one.read_bytes() for one in (world / "deliveries").iterdir()]
    assert sorted(kept.values()) == sorted(delivered)


def test_shuffled_rows_and_other_names_keep_every_number(world: Path, campaign: Path) -> None:
    before = uids(campaign)
    source = next((world / "deliveries").glob("*.gpkg"))
    frame = pyogrio.read_dataframe(source)
    source.unlink()
    frame.sample(frac=1, random_state=7).to_file(world / "deliveries" / "renamed.gpkg", layer="other", engine="pyogrio")
    run_stages(campaign, "ingest")
    assert uids(campaign) == before


def test_a_row_inserted_changes_no_other_number(world: Path, campaign: Path) -> None:
    before = uids(campaign)
    source = next((world / "deliveries").glob("*.geojson"))
    tree = json.loads(source.read_text(encoding="utf-8"))
    extra = json.loads(json.dumps(tree["features"][-1]))
    shape = shapely.geometry.shape(extra["geometry"])
    extra["geometry"] = json.loads(shapely.to_geojson(shapely.transform(shape, lambda xy: xy + 1e-4)))
    tree["features"].insert(0, extra)
    source.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    run_stages(campaign, "ingest")
    after = uids(campaign)
    assert set(before) < set(after)
    assert len(after) == len(before) + 1


def test_an_unreadable_archive_does_not_stop_the_others(world: Path) -> None:
    (world / "deliveries" / "broken.zip").write_bytes(b"PK\x03\x04 not an archive")
    campaign = world / "campaign.toml"
    run_stages(campaign, "ingest")
    summary = state(campaign, "ingest_summary.json")
    assert summary["refused_files"] == ["broken.zip"]
    assert summary["records"]["accepted"] > 20
    assert [one["facts"]["file"] for one in issues(campaign, "ingest") if one["code"] == "FILE_UNREADABLE"] == [
        "broken.zip"
    ]


def only(world: Path, name: str) -> Path:
    """The campaign with nothing but one delivery of this name to come."""
    shutil.rmtree(world / "deliveries")
    (world / "deliveries").mkdir()
    return world / "deliveries" / name


SQUARE = {"type": "Polygon", "coordinates": [[[105, 35], [105.001, 35], [105.001, 35.001], [105, 35]]]}


def test_nothing_usable_is_exit_4_and_nothing_is_written(world: Path) -> None:
    only(world, "x.zip").write_bytes(b"PK\x03\x04")
    result = tuban("run", world / "campaign.toml")
    assert result.exit_code == 4
    assert "x.zip" in result.stderr
    assert "hint:" in result.stderr
    assert not (world / "out" / "tables").exists()
    assert not (world / "out" / "counties").exists()


def test_a_layer_without_crs_is_refused_with_what_to_type(world: Path) -> None:
    target = only(world, "p.shp")
    import geopandas

    geopandas.GeoDataFrame({"JCBH": ["1"]}, geometry=[shapely.box(500000, 3400000, 500100, 3400100)]).to_file(target)
    result = tuban("ingest", world / "campaign.toml")
    assert result.exit_code == 4
    assert "p.shp has no coordinate system" in result.stderr
    assert 'patches_crs = "EPSG:…"' in result.stderr
    campaign = world / "campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("[inputs]", '[inputs]\npatches_crs = "EPSG:4547"'), encoding="utf-8")
    assert tuban("ingest", campaign).exit_code == 0


def geojson(features: list[dict[str, object]], **more: object) -> str:
    whole = [{"type": "Feature", "properties": {"JCBH": str(at)}, "geometry": one} for at, one in enumerate(features)]
    return json.dumps({"type": "FeatureCollection", **more, "features": whole})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vrt.geojson", "<OGRVRTDataSource></OGRVRTDataSource>"),
        ("gdalg.geojson", '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read x"}'),
        ("link.geojson", geojson([SQUARE], crs={"type": "link", "properties": {"href": "http://127.0.0.1:9/"}})),
        ("empty.gpkg", ""),
        ("cut.geojson", '{"type": "FeatureCollection", "features": [{"type": "Feat'),
        ("text.gpkg", "this is not a GeoPackage"),
    ],
)
def test_hostile_and_damaged_files_are_set_aside(world: Path, name: str, content: str) -> None:
    (world / "deliveries" / name).write_text(content, encoding="utf-8")
    campaign = world / "campaign.toml"
    run_stages(campaign, "ingest")
    assert state(campaign, "ingest_summary.json")["refused_files"] == [name]


@pytest.mark.parametrize("member", ["../out.shp", "/abs.shp", "a\\..\\b.shp"])
def test_archives_that_point_out_of_themselves(world: Path, member: str) -> None:
    with zipfile.ZipFile(world / "deliveries" / "z.zip", "w") as zipped:
        zipped.writestr(member, b"x")
    campaign = world / "campaign.toml"
    run_stages(campaign, "ingest")
    assert state(campaign, "ingest_summary.json")["refused_files"] == ["z.zip"]


def test_a_cut_shapefile_is_seen(world: Path, tmp_path: Path) -> None:
    import geopandas

    folder = tmp_path / "shp"
    folder.mkdir()
    boxes = [shapely.box(105 + i / 100, 35, 105.001 + i / 100, 35.001) for i in range(20)]
    geopandas.GeoDataFrame({"JCBH": [str(i) for i in range(20)]}, geometry=boxes, crs=4490).to_file(folder / "c.shp")
    whole = {one.suffix: one.read_bytes() for one in folder.iterdir()}
    campaign = world / "campaign.toml"
    for suffix in (".shp", ".shx", ".dbf"):
        for one, data in whole.items():
            kept = data[: len(data) * 2 // 3] if one == suffix else data
            (world / "deliveries" / f"c{one}").write_bytes(kept)
        run_stages(campaign, "ingest")
        assert state(campaign, "ingest_summary.json")["refused_files"] == ["c.shp"], suffix


def test_odd_geometries_are_set_aside_one_by_one(world: Path) -> None:
    features = [
        SQUARE,
        {"type": "Point", "coordinates": [105, 35]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[105, 35], [1e9, 35], [105.001, 35.001], [105, 35]]]},
    ]
    only(world, "odd.geojson").write_text(geojson(features), encoding="utf-8")
    campaign = world / "campaign.toml"
    run_stages(campaign, "ingest")
    reasons = [one["reason"] for one in table(campaign, "records")]
    assert reasons == ["", "NOT_AREAL", "NO_GEOMETRY", "OUT_OF_RANGE"]
    assert [one["reason"] for one in table(campaign, "quarantine")] == reasons[1:]
