"""Photo proof: place, direction, day and reuse; what a photo does not say is said as such."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from pipeline.collect.bundle import read_bundle
from pipeline.collect.check_rules import load_rules
from pipeline.collect.merge import Answer, Finding, Merged, merge
from pipeline.collect.photo_checks import Seen, photo_names, photo_remarks, see_photos
from pipeline.collect.photo_numbers import by_number, numbered
from pipeline.collect.photos import read_photo
from pipeline.collect.reading import read_return
from pipeline.collect.remembered import remember, remembered
from pipeline.collect.returned import Doubt, Photo, Remark, ReturnedFile, ReturnedRow
from pipeline.collect.sent import Sent, all_sent
from pipeline.collect.unread import Unread
from pipeline.collect.words import remark_words
from pipeline.forms.form import load_form
from pipeline.texts import languages

from .conftest import CAMPAIGN, CODE, number, read, terms, uid

FORM = load_form("verification_cn")
RULE = load_rules("checks", FORM.id)["R12"]
WEST, SOUTH, SIDE = 113.8, 30.5, 0.001
BOXES = np.array([shapely.box(WEST + at, SOUTH, WEST + at + SIDE, SOUTH + SIDE) for at in (0, 1)], object)


def boxes(rows: Sequence[int]) -> object:
    return BOXES[list(rows)]


SENT = all_sent(Sent(uid(at + 1), CODE, "", "", number(at + 1), at + 1, 1.0, 1.0, at=at) for at in (0, 1))
SINCE = date(2025, 10, 8)
M = 1 / 111_320.0  # degrees of latitude in a metre
HERE = {"lon_deg": WEST + SIDE / 2, "lat_deg": SOUTH - 50 * M, "azimuth_deg": 0.0, "taken": "2025-10-20T09:30:00"}


def jpeg(
    lon: float | None = None, lat: float | None = None, azimuth: float | None = None, taken: str = "", grey: int = 0
) -> bytes:
    """A small photo with the EXIF a phone writes."""
    image, exif = Image.new("L", (8, 8), grey), Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    gps = exif.get_ifd(0x8825)
    if lon is not None and lat is not None:
        gps |= {
            1: "N" if lat >= 0 else "S",
            2: sexagesimal(abs(lat)),
            3: "E" if lon >= 0 else "W",
            4: sexagesimal(abs(lon)),
        }
    if azimuth is not None:
        gps |= {16: "T", 17: azimuth}
    exif[0x8825] = gps
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def sexagesimal(degrees: float) -> tuple[TiffImagePlugin.IFDRational, ...]:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    seconds = round((degrees - whole - minutes / 60) * 3600 * 10**7)
    ten = 10**7
    return tuple(TiffImagePlugin.IFDRational(*one) for one in ((whole, 1), (minutes, 1), (seconds, ten)))


def test_exif_is_read_and_survives_being_remembered(tmp_path: Path) -> None:
    path = tmp_path / "p.jpg"
    path.write_bytes(jpeg(113.80051234, -30.5, 271.5, "2025:10:20 09:30:00"))
    found = read_photo(path, "DCIM/p.jpg", "r/DCIM/p.jpg")
    assert found.lon_deg == pytest.approx(113.80051234, abs=1e-8)
    assert (found.lat_deg, found.azimuth_deg, found.taken, found.problem) == (-30.5, 271.5, "2025-10-20T09:30:00", "")
    file = ReturnedFile("d", "n", "photos", "", "", "", photos=(found, replace(found, lon_deg=None)))
    remember(tmp_path / "m.json", [file])
    assert remembered(tmp_path / "m.json") == [file]


@settings(max_examples=60, deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90))
def test_any_place_is_read_to_a_centimetre(tmp_path_factory: pytest.TempPathFactory, lon: float, lat: float) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jpg"
    path.write_bytes(jpeg(lon, lat))
    found = read_photo(path, "any.jpg", "any.jpg")
    if abs(lon) < 1e-8 and abs(lat) < 1e-8:
        assert found.lon_deg is None  # 0, 0 is what a camera writes that knows no place
        return
    assert found.lon_deg == pytest.approx(lon, abs=1e-7)
    assert found.lat_deg == pytest.approx(lat, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.jpg", b"\xff\xd8", "unread"),
        ("a.jpg", b"", "unread"),
        ("a.jpg", b"<svg/>", "unread"),
        ("a.png", jpeg(), ""),
        ("a.heic", b"x", "kind"),
        ("a.mp4", b"x", "kind"),
        ("a.jpg", jpeg(0.0, 0.0), ""),
    ],
)
def test_what_a_photo_does_not_say_is_not_made_up(tmp_path: Path, name: str, data: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(data)
    found = read_photo(tmp_path / name, name, name)
    assert found.problem == problem
    assert (found.lon_deg, found.lat_deg, found.azimuth_deg, found.taken) == (None, None, None, "")


def test_a_picture_that_would_fill_the_memory_is_not_opened(tmp_path: Path) -> None:
    data = bytearray(jpeg(1.0, 1.0))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "p.jpg").write_bytes(bytes(data))
    assert read_photo(tmp_path / "p.jpg", "p.jpg", "p.jpg").problem == "unread"


def test_photos_come_with_their_folder_and_alone(tmp_path: Path) -> None:
    by = terms()
    folder = tmp_path / "in"
    (folder / "DCIM").mkdir(parents=True)
    (folder / "DCIM" / "一.jpg").write_bytes(jpeg(113.8, 30.5))
    (folder / "b.PNG").write_bytes(b"x")
    (alone,) = read(folder, tmp_path / "s", name="现场照片")
    assert (alone.door, [one.name for one in alone.photos]) == ("photos", ["DCIM/一.jpg", "b.PNG"])
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for one in sorted(folder.rglob("*.*")):
            zipped.write(one, one.relative_to(folder))
    (packed,) = read_return(path, by.form, by.facts, name="现场照片")
    assert packed.photos == alone.photos


def row(seq: int, **said: str) -> ReturnedRow:
    full = {"verdict": "legal", "checked_on": "2025-10-20", **said}
    return ReturnedRow(uid(seq), CODE, "", "1", full, {}, f"f!s!{seq}")


def photo(name: str = "DCIM/p.jpg", digest: str = "", **values: object) -> Photo:
    return Photo(name, f"f/{name}", digest or f"d-{name}", **{**HERE, **values})  # type: ignore[arg-type]


def file(*rows: ReturnedRow, photos: tuple[Photo, ...] = (), door: str = "workbook", name: str = "f") -> ReturnedFile:
    return ReturnedFile(f"sha-{name}", name, door, CAMPAIGN, CODE, f"{FORM.id}@{FORM.version}", rows, photos=photos)


def looked(*files: ReturnedFile, since: date | None = SINCE) -> tuple[list[Seen], list[Remark], Merged]:
    merged = merge(SENT, files, FORM, CAMPAIGN, ())
    seen = see_photos(merged.findings, files, RULE, boxes, since, lambda *place: place)
    remarks = photo_remarks(seen, merged.findings, files, FORM, RULE)
    for language in languages():
        words = remark_words(FORM, replace(terms().facts, language=language))
        assert all(words(one).startswith("R12") for one in remarks)
    return seen, remarks, merged


def kinds(*files: ReturnedFile) -> list[str]:
    return [one.facts["kind"] for one in looked(*files)[1]]


def test_a_good_photo_is_asked_nothing() -> None:
    (seen,), remarks, _ = looked(file(row(1, photo1="DCIM/p.jpg"), photos=(photo(),)))
    assert (seen.found, seen.place, seen.direction, seen.time, seen.reuse) == ("here", "ok", "ok", "ok", "ok")
    assert seen.distance_m == pytest.approx(50, abs=0.5)
    assert remarks == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"lat_deg": SOUTH - 101 * M}, "far"),
        ({"azimuth_deg": 180.0}, "away"),
        ({"taken": "2025-10-01T08:00:00"}, "early"),
        ({"taken": "2025-10-23T08:00:00"}, "late"),
        ({"lon_deg": None, "lat_deg": None, "azimuth_deg": None}, "no_place"),
        ({"lon_deg": None, "lat_deg": None, "azimuth_deg": None, "taken": "", "problem": "unread"}, "unread"),
    ],
)
def test_what_does_not_fit_is_asked(values: dict[str, object], kind: str) -> None:
    assert kinds(file(row(1, photo1="DCIM/p.jpg"), photos=(photo(**values),))) == [kind]


@pytest.mark.parametrize(
    "values",
    [
        {"lat_deg": SOUTH - 99 * M},
        {"lat_deg": SOUTH + SIDE / 2, "azimuth_deg": 180.0},  # within the patch every direction is towards it
        {"azimuth_deg": 44.0},
        {"azimuth_deg": None},
        {"taken": ""},
        {"taken": "2025-10-07T23:00:00"},  # a day of slack
        {"taken": "2025-10-21T01:00:00"},
    ],
)
def test_what_fits_or_is_not_said_is_not_asked(values: dict[str, object]) -> None:
    assert kinds(file(row(1, photo1="DCIM/p.jpg"), photos=(photo(**values),))) == []


def test_names_that_lead_nowhere_and_photos_nobody_names() -> None:
    assert kinds(file(row(1, photos="q.jpg"), photos=(photo(),))) == ["missing", "unnamed"]
    assert kinds(file(row(1, photos="3张"))) == []
    twice = (photo("a/p.jpg"), photo("b/p.jpg"))
    assert kinds(file(row(1, photos="p.jpg"), photos=twice)) == ["several", "unnamed"]
    assert kinds(file(row(1, photos="a/p.jpg、b\\P.JPG"), photos=twice)) == []


def test_no_photo_at_all_is_asked_once() -> None:
    """By the form where it makes photos due, else by the rule."""
    fields = tuple(replace(one, needed=()) if one.key == "photos" else one for one in FORM.fields)
    bare = replace(file(row(1)), asked=("photos",))
    for form, count in ((FORM, 0), (replace(FORM, fields=fields), 1)):
        merged = merge(SENT, [bare], form, CAMPAIGN, ())
        remarks = photo_remarks([], merged.findings, [bare], form, RULE)
        assert [one.facts["kind"] for one in remarks] == ["none"] * count
        due = [one for one in merged.remarks if one.code is Doubt.STILL_DUE]
        assert any("photos" in one.facts["fields"].split("|") for one in due) == (not count)


def test_one_photo_for_two_patches_is_seen_by_its_bytes_whatever_its_name() -> None:
    same = photo("a.jpg", "same"), photo("b.jpg", "same")
    seen, remarks, _ = looked(file(row(1, photos="a.jpg"), row(2, photos="b.jpg"), photos=same))
    assert {one.reuse for one in seen} == {"reused"}
    assert [one.facts["kind"] for one in remarks].count("reused") == 2
    assert kinds(file(row(1, photos="a.jpg, b.jpg"), photos=same)) == []


def test_photos_sent_apart_are_found_by_their_name() -> None:
    alone = file(photos=(photo(),), door="photos", name="照片")
    (seen,), remarks, _ = looked(file(row(1, photos="p.jpg")), alone)
    assert (seen.found, remarks) == ("elsewhere", [])


@pytest.mark.parametrize(
    ("name", "of"),
    [
        (f"photos/{number(1)}.jpg", 1),
        (f"photos/{number(1)}_远景.jpg", 1),
        (f"{number(2)}/IMG_1.jpg", 2),
        (f"{uid(2).lower()}-b.jpg", 2),
        (f"photos/{number(1)}0.jpg", 0),
        (f"IMG_{number(1)}.jpg", 0),
        ("1.jpg", 0),
    ],
)
def test_a_photo_is_of_the_patch_whose_number_its_name_begins_with(name: str, of: int) -> None:
    seen, remarks, _ = looked(file(row(1, photos="1"), row(2, photos="1"), photos=(photo(name),)))
    (one,) = seen
    assert (one.found, one.sent.patch_uid if one.sent else "") == (("numbered", uid(of)) if of else ("unnamed", ""))
    assert [each.facts["kind"] for each in remarks] == (["unnamed"] if not of else ["far"] if of == 2 else [])


def test_a_number_that_several_counties_have_is_of_the_one_that_sent_it() -> None:
    twins = [_twin(name) for name in "ab"]
    known = by_number(twins)
    assert numbered("a.zip/5566.jpg", known) is twins[0]
    assert numbered("b.zip/x/5566 2.jpg", known) is twins[1]
    assert numbered("c.zip/5566.jpg", known) is None


def _twin(name: str) -> Finding:
    sent = Sent(f"C-{name}", name, f"R{name}", "", "5566", 1, 1.0, 1.0)
    return Finding(sent, "answered", (Answer(sent.key, (row(1),), f"{name}.zip/t.xlsx", name),))


def test_place_and_day_are_not_judged_where_nothing_is_known() -> None:
    files = [file(row(1, photo1="DCIM/p.jpg", checked_on=""), photos=(photo(lat_deg=0.0),))]
    merged = merge(SENT, files, FORM, CAMPAIGN, ())
    (seen,) = see_photos(merged.findings, files, RULE, boxes, None, None)
    assert (seen.place, seen.direction, seen.time) == ("unknown", "unknown", "unknown")


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 360, exclude_max=True), st.floats(1, 300), st.floats(0, 360, exclude_max=True))
def test_distance_and_direction_are_those_of_the_ground(bearing: float, metres: float, azimuth: float) -> None:
    """From a point at a bearing from the patch's corner, looking at an azimuth; against plain trigonometry."""
    east, north = metres * math.sin(math.radians(bearing)), metres * math.cos(math.radians(bearing))
    lat = SOUTH + SIDE + north * M
    lon = WEST + SIDE + east * M / math.cos(math.radians(lat))
    values = {"lon_deg": lon, "lat_deg": lat, "azimuth_deg": azimuth}
    (seen,), _, _ = looked(file(row(1, photo1="DCIM/p.jpg"), photos=(photo(**values),)))
    if 0 <= bearing <= 90:  # the corner is the nearest of the patch
        assert seen.distance_m == pytest.approx(metres, abs=0.06)
        off = abs((bearing + 180 - azimuth + 180) % 360 - 180)
        assert seen.direction == "ok" or off > 45 - 1e-6
        assert seen.direction == "away" or off <= 135


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("IMG_1.jpg、IMG 2.JPG", ["IMG_1.jpg", "IMG 2.JPG"]),
        ("a.jpg b.jpg", ["a.jpg", "b.jpg"]),
        ("DCIM/x y.jpg;z.heic", ["DCIM/x y.jpg", "z.heic"]),
        ("3张", []),
        ("见附件", []),
    ],
)
def test_names_in_a_cell(said: str, names: list[str]) -> None:
    assert photo_names(said) == names


def test_a_photo_that_ends_its_child_is_set_aside_and_the_checklist_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(jpeg(113.8, 30.5))

    def deadly(shown: str) -> None:
        if shown.endswith("a.jpg"):
            raise Unread("killed", detail="")

    (tmp_path / "s").mkdir()
    (found,) = read_bundle(folder, "r", tmp_path / "s", terms(), deadly)
    assert [(one.file, one.problem, one.lon_deg is None) for one in found.photos] == [
        ("r/a.jpg", "unread", True),
        ("r/b.jpg", "", False),
    ]
