"""What is packed is what lies in the folder; any change to folder, zip or parts is named."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Refusal
from pipeline.forms.mail import MB, ascii_name, folder_name, parts_of, remove_parts, write_parts
from pipeline.verify import SUMS, Verified, not_checked, part_sums, verify_path

ROOT = "480102_2025Q3"


def _folder(place: Path, sizes: dict[str, int]) -> Path:
    folder = place / "480102"
    folder.mkdir(parents=True)
    for name, size in sizes.items():
        (folder / name).write_bytes(hashlib.shake_128(name.encode()).digest(size))
    lines = [f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines))
    return folder


SIZES = {
    "00_START_HERE.pdf": 20_000,
    "480102_checklist.xlsx": 30_000,
    "480102_sheets.pdf": 900_000,
    "after.tif": 700_000,
    "patches.gpkg": 150_000,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return _folder(tmp_path, SIZES)


@pytest.fixture
def parts(folder: Path, tmp_path: Path) -> tuple[Path, ...]:
    made = write_parts(folder, tmp_path / "packages", "480102", ROOT, 1)
    assert len(made) == 2
    return made


def _problems(path: Path) -> list[str]:
    return list(verify_path(path).problems)


def _unpacked(parts: tuple[Path, ...], place: Path) -> Path:
    for one in parts:
        with zipfile.ZipFile(one) as packed:
            packed.extractall(place)
    return place / ROOT


def test_folder_zip_and_set_are_good(folder: Path, parts: tuple[Path, ...], tmp_path: Path) -> None:
    (whole,) = write_parts(folder, tmp_path / "whole", "480102", ROOT, 10)
    assert verify_path(folder) == Verified(files=5)
    assert verify_path(whole) == Verified(files=5)
    assert verify_path(tmp_path / "packages") == Verified(files=5 + 2)  # each part checks the sums of the whole too
    assert [_problems(one) for one in parts] == [[], []]
    told = [not_checked(one)[0] for one in parts]
    assert ["is part 1 of 2" in told[0], "is part 2 of 2" in told[1]] == [True, True]
    assert not_checked(whole) == []
    assert _problems(_unpacked(parts, tmp_path / "there")) == []


def test_a_single_zip_unpacks_to_the_folder(folder: Path, tmp_path: Path) -> None:
    made = write_parts(folder, tmp_path / "whole", "480102", ROOT, 10)
    there = _unpacked(made, tmp_path / "there")
    assert {one.name: one.read_bytes() for one in there.iterdir()} == {
        one.name: one.read_bytes() for one in folder.iterdir()
    }


def test_each_part_has_sums_of_its_own(parts: tuple[Path, ...], tmp_path: Path) -> None:
    for at, one in enumerate(parts, 1):
        there = _unpacked((one,), tmp_path / str(at))
        said = dict(line.split("  ")[::-1] for line in (there / part_sums(at, 2)).read_text().splitlines())
        assert set(said) == {each.name for each in there.iterdir()} - {part_sums(at, 2)}
        assert all(hashlib.sha256((there / name).read_bytes()).hexdigest() == digest for name, digest in said.items())


def test_a_missing_part_is_named(parts: tuple[Path, ...], tmp_path: Path) -> None:
    parts[1].unlink()
    assert _problems(tmp_path / "packages") == [f"{ROOT}: part 2 of 2 is missing"]
    assert any("is missing" in one for one in _problems(_unpacked(parts[:1], tmp_path / "there")))


def test_a_part_that_was_not_unpacked_is_named(parts: tuple[Path, ...], tmp_path: Path) -> None:
    said = _problems(_unpacked(parts[:1], tmp_path / "there"))
    assert f"{tmp_path / 'there' / ROOT}: part 2 of 2 is missing" in said


@pytest.mark.parametrize("packed", [False, True])
def test_each_change_is_said_in_words(folder: Path, tmp_path: Path, packed: bool) -> None:
    """One byte, a file more, a file less, a file under another name: in the folder, and in a zip of it."""
    changed = bytearray((folder / "patches.gpkg").read_bytes())
    changed[70_000] ^= 1
    (folder / "patches.gpkg").write_bytes(changed)
    (folder / "DCIM").mkdir()
    (folder / "DCIM" / "a.jpg").write_bytes(b"photo")
    (folder / "480102_checklist.xlsx").unlink()
    (folder / "after.tif").rename(folder / "后时相.tif")
    place, at = folder, str(folder)
    if packed:
        (place,) = write_parts(folder, tmp_path / "whole", "480102", ROOT, 10)
        at = f"{place}/{ROOT}/"
    assert _problems(place) == [
        f"{at}: after.tif is called 后时相.tif",
        f"{at}: 480102_checklist.xlsx is missing",
        f"{at}: DCIM/a.jpg is not in {SUMS}",
        f"{at}: patches.gpkg was altered",
    ]


def test_parts_of_two_states_are_not_mixed(folder: Path, parts: tuple[Path, ...], tmp_path: Path) -> None:
    old = parts[0].read_bytes()
    shutil.rmtree(folder)
    again = _folder(tmp_path, SIZES | {"patches.gpkg": 150_001})
    write_parts(again, tmp_path / "packages", "480102", ROOT, 1)
    parts[0].write_bytes(old)
    assert _problems(tmp_path / "packages") == [
        f"{ROOT}: its parts are of different states; have all of them sent again"
    ]


def _repacked(path: Path, change: dict[str, bytes | None]) -> None:
    with zipfile.ZipFile(path) as packed:
        held = {one: packed.read(one) for one in packed.namelist()}
    held |= {f"{ROOT}/{name}": data for name, data in change.items() if data is not None}
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in held.items():
            if name not in {f"{ROOT}/{one}" for one, gone in change.items() if gone is None}:
                packed.writestr(name, data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"00_START_HERE.pdf": b"other"}, "00_START_HERE.pdf was altered"),
        ({"00_START_HERE.pdf": None}, "00_START_HERE.pdf is missing"),
        ({"more.txt": b""}, f"more.txt is not in {SUMS}"),
        ({SUMS: b""}, f"{SUMS} was altered"),
    ],
)
def test_any_change_to_a_part_is_found(parts: tuple[Path, ...], change: dict[str, bytes | None], words: str) -> None:
    _repacked(parts[0], change)
    assert any(words in one for one in _problems(parts[0]))


def test_a_file_twice_in_a_zip_is_named(parts: tuple[Path, ...]) -> None:
    with zipfile.ZipFile(parts[0], "a") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr(f"{ROOT}/00_START_HERE.pdf", b"other")
    assert any("twice" in one for one in _problems(parts[0]))


@pytest.mark.parametrize("end", [10, 400, 20_000])
def test_a_truncated_zip_is_refused_and_named_in_its_set(parts: tuple[Path, ...], tmp_path: Path, end: int) -> None:
    parts[0].write_bytes(parts[0].read_bytes()[:-end])
    with pytest.raises(Refusal):
        verify_path(parts[0])
    said = _problems(tmp_path / "packages")
    assert any(str(parts[0]) in one for one in said)
    assert any("part 1 of 2 is missing" in one for one in said)


def test_nothing_with_sums_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(Refusal, match=SUMS):
        verify_path(tmp_path)


def test_an_output_tree_has_its_packages_checked(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "out" / "counties" / "480102")
    made = write_parts(folder, tmp_path / "out" / "packages", "480102", ROOT, 1)
    assert _problems(tmp_path / "out") == []
    _repacked(made[1], {"more.txt": b""})
    assert len(_problems(tmp_path / "out")) == 1


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}\.(pdf|gpkg|txt)", fullmatch=True), st.integers(0, 1_400_000), max_size=8)
)
@settings(max_examples=20)
def test_parts_keep_their_size_and_hold_every_file_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: dict[str, int]
) -> None:
    place = tmp_path_factory.mktemp("parts")
    folder = _folder(place, {"00_START_HERE.pdf": 1} | sizes)
    made = write_parts(folder, place / "packages", "480102", ROOT, 1)
    names: list[str] = []
    for one in made:
        with zipfile.ZipFile(one) as packed:
            inside = [name.removeprefix(f"{ROOT}/") for name in packed.namelist() if SUMS not in name]
        names += inside
        assert one.stat().st_size <= MB or len(inside) == 1
    assert sorted(names) == sorted(one.name for one in folder.iterdir() if one.name != SUMS)
    assert _problems(place / "packages") == []
    assert zipfile.ZipFile(made[0]).namelist()[0] == f"{ROOT}/00_START_HERE.pdf"
    shutil.rmtree(place)


def test_the_same_bytes_whatever_the_clock(folder: Path, parts: tuple[Path, ...], tmp_path: Path) -> None:
    import os

    before = [one.read_bytes() for one in parts]
    for one in folder.iterdir():
        os.utime(one, (1, 1))
    again = write_parts(folder, tmp_path / "again", "480102", ROOT, 1)
    assert [one.read_bytes() for one in again] == before


def test_parts_of_an_earlier_state_go_and_those_of_others_stay(folder: Path, parts: tuple[Path, ...]) -> None:
    target = parts[0].parent
    others = [target / "4801020_1.zip", target / "480102_x.zip", target / "480102_1_1.zip"]
    for one in others:
        one.touch()
    (whole,) = write_parts(folder, target, "480102", ROOT, 10)
    assert parts_of(target, "480102") == [whole]
    remove_parts(target, "480102")
    assert sorted(target.iterdir()) == sorted(others)


def test_names_are_ascii_and_tell_county_and_campaign() -> None:
    assert folder_name("480102", "2025Q3") == "480102_2025Q3"
    assert ascii_name("../a 县:b") == "___a___b"
