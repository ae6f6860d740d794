"""Imagery of two dates that lies apart, and frames with ground that has none: measured, and said where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pypdf
import pytest
import rasterio
from numpy.typing import NDArray

from pipeline.campaign import Files
from pipeline.county_jobs import CountySlice
from pipeline.io.rasters import TileCache
from pipeline.issue_words import sentence
from pipeline.issues import Code, Issue
from pipeline.records import Piece, Scene
from pipeline.sheets.alignment import NOT_MEASURED, Alignment, Offset, measure_alignment
from pipeline.sheets.book import BookSummary, draw_book
from pipeline.sheets.misregistration import book_words, page_words
from pipeline.sheets.settings import RenderSettings
from pipeline.stages import render
from pipeline.texts import texts
from tests.sheets import scenery

SIDE = 1000  # pixels of two metres
MIDDLE = scenery.square(scenery.LON, scenery.LAT, 0.001)


def land(seed: int) -> NDArray[np.uint8]:
    """Grey fields on rough ground, in three bands."""
    rng = np.random.default_rng(seed)
    rate = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    rough = np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) / np.maximum(rate, 4e-3)
    ground = np.fft.irfft2(rough * np.exp(-((rate / 0.35) ** 2)), s=(SIDE, SIDE))
    ground /= ground.std()
    for _ in range(120):
        x, y, wide, high = *rng.integers(0, SIDE, 2), *rng.integers(10, 60, 2)
        ground[y : y + high, x : x + wide] += 1.5 * rng.normal()
    return np.repeat(np.clip(120 + 30 * ground, 1, 255).astype(np.uint8)[None], 3, axis=0)


def pieces() -> list[Piece]:
    """Six pieces about the middle of the scenes."""
    places = [(x * 0.003, y * 0.003) for x in (-1, 0, 1) for y in (-0.5, 0.5)]
    shapes = [scenery.square(scenery.LON + x, scenery.LAT + y, 0.0005) for x, y in places]
    return [scenery.piece(at + 1, shape) for at, shape in enumerate(shapes)]


def scene(folder: Path, phase: str, values: NDArray[np.uint8], shift_m: float = 0.0, size_m: float = 2000.0) -> Scene:
    count = int(size_m / 2)
    return scenery.scene(folder, phase, MIDDLE, size_m, shift_m, values[:, :count, :count])


def measured(before: Sequence[Scene], after: Sequence[Scene]) -> Alignment:
    with TileCache() as cache:
        return measure_alignment(scenery.order(pieces(), before, after).ground, cache)


@pytest.mark.parametrize("east_m", [0.0, 1.0, 4.0, -14.0])
def test_a_later_scene_that_lies_apart_is_measured(tmp_path: Path, east_m: float) -> None:
    before = scene(tmp_path, "before", land(1))
    after = scene(tmp_path, "after", 255 - land(1) // 2, east_m)
    (told,) = measured([before], [after]).offsets
    assert told.sure
    assert told.windows >= 3
    assert (told.east_m, told.north_m) == pytest.approx((east_m, 0.0), abs=0.3 * 2.0)
    assert (told.before, told.after) == (Path(before.path).name, Path(after.path).name)


def test_every_piece_on_two_scenes_knows_their_offset(tmp_path: Path) -> None:
    told = measured([scene(tmp_path, "before", land(1))], [scene(tmp_path, "after", land(1), 4.0)])
    assert told.of_row == dict.fromkeys(range(6), told.offsets[0])


def test_other_ground_and_flat_ground_are_not_determined(tmp_path: Path) -> None:
    before = scene(tmp_path, "before", land(1))
    for values in (land(2), np.full_like(land(1), 90)):
        (told,) = measured([before], [scene(tmp_path, "after", values)]).offsets
        assert (told.sure, told.east_m, told.north_m) == (False, 0.0, 0.0)


def holed(one: Scene, half_px: int) -> None:
    """Declare the middle of a scene to be no imagery."""
    with rasterio.open(one.path, "r+") as file:
        file.nodata = 0
        values = file.read()
        values[:, SIDE // 2 - half_px : SIDE // 2 + half_px, SIDE // 2 - half_px : SIDE // 2 + half_px] = 0
        file.write(values)


def test_windows_with_a_hole_are_not_compared_since_its_edge_would_be(tmp_path: Path) -> None:
    before, after = scene(tmp_path, "before", land(1)), scene(tmp_path, "after", land(1), 4.0)
    for one in (before, after):
        holed(one, 250)
    (told,) = measured([before], [after]).offsets
    assert (told.windows, told.sure) == (0, False)


def test_a_file_that_cannot_be_read_is_left_to_the_page_that_shows_it(tmp_path: Path) -> None:
    before, after = scene(tmp_path, "before", land(1)), scene(tmp_path, "after", land(1), 4.0)
    whole = Path(after.path).read_bytes()
    Path(after.path).write_bytes(whole[: len(whole) // 20])
    (told,) = measured([before], [after]).offsets
    assert (told.windows, told.sure) == (0, False)


def test_dates_without_common_ground_are_not_compared(tmp_path: Path) -> None:
    before = scene(tmp_path, "before", land(1))
    assert measured([before], []) == NOT_MEASURED
    assert measured([], []) == NOT_MEASURED
    assert measured([before], [scene(tmp_path, "after", land(1), 4000.0)]) == NOT_MEASURED


# -- words -----------------------------------------------------------------------------------------------


def offset(east_m: float, north_m: float, sure: bool = True) -> Offset:
    return Offset("a.tif", "b.tif", 2.0, east_m, north_m, 9, sure)


@pytest.mark.parametrize(
    ("east_m", "north_m", "direction"),
    [(3, 0, "东"), (3, 3, "东北"), (0, 3, "北"), (-3, 3, "西北"), (-3, 0, "西"), (-3, -3, "西南"), (0, -3, "南")],
)
def test_the_direction_is_that_of_the_later_scene(east_m: float, north_m: float, direction: str) -> None:
    (told,) = page_words(offset(east_m, north_m), texts("zh"))
    assert told.endswith(f"偏{direction}")


def test_what_cannot_be_seen_is_small_and_what_is_unknown_is_not_said() -> None:
    zh, known, unknown = texts("zh"), offset(2.4, 0.0), offset(0.0, 0.0, sure=False)
    assert page_words(known, zh) == ["较前时相错位 1.2 像元（2.4 m），偏东"]
    assert page_words(offset(0.4, 0.4), zh) == ["与前时相错位小于 0.5 像元"]
    assert page_words(unknown, zh) == []
    assert book_words(NOT_MEASURED, zh) == ""
    assert book_words(Alignment((unknown,)), zh) == "两期影像错位未能测定"
    assert book_words(Alignment((known, unknown)), zh).endswith("2 对影像中 1 对未能测定")


# -- pages -----------------------------------------------------------------------------------------------


def drawn(folder: Path, before: Sequence[Scene], after: Sequence[Scene], **settings: bool) -> BookSummary:
    ground = (scenery.facts(), scenery.county(), pieces(), before, after)
    return draw_book(folder / "b.pdf", *ground, RenderSettings(**settings), lambda *_: None)  # type: ignore[arg-type]


def words_of(folder: Path) -> list[str]:
    return [one.extract_text() for one in pypdf.PdfReader(folder / "b.pdf").pages]


def test_each_page_and_the_overview_say_it_unless_the_office_does_not_want_it(tmp_path: Path) -> None:
    scenes = [scene(tmp_path, "before", land(1))], [scene(tmp_path, "after", land(1), 4.0)]
    assert [one.sure for one in drawn(tmp_path, *scenes).offsets] == [True]
    told = words_of(tmp_path)
    assert "两期影像错位" in told[0]
    assert ["较前时相错位" in one for one in told] == [False] * (len(told) - 6) + [True] * 6
    assert drawn(tmp_path, *scenes, misregistration=False).offsets == ()
    assert not any("错位" in one for one in words_of(tmp_path))


def test_the_share_of_a_frame_without_imagery_is_told(tmp_path: Path) -> None:
    """Frames of 665 m on a scene of 960 m: those of the outer pieces reach beyond it, those in the middle do not."""
    small = scene(tmp_path, "before", land(1), size_m=960.0)
    made = drawn(tmp_path, [small], [])
    shares = {uid: share for uid, phase, share in made.bare if phase == "before"}
    assert 0 < len(shares) < 6
    for uid, page in made.page_of.items():
        words = words_of(tmp_path)[page - 1]
        assert ("图幅内无影像" in words) == (0 < shares.get(uid, 0.0) < 1)
        assert ("无影像" in words.split("图例")[-1]) == (uid in shares)
    assert not any(phase == "after" for _, phase, _ in made.bare)


def test_a_hole_within_a_scene_is_counted(tmp_path: Path) -> None:
    plain = scene(tmp_path, "before", land(1))
    holed(plain, 50)
    at = scenery.piece(1, scenery.square(scenery.LON + 0.0016, scenery.LAT, 0.0005))
    ground = (scenery.facts(), scenery.county(), [at], [plain], [])
    made = draw_book(tmp_path / "b.pdf", *ground, RenderSettings(), lambda *_: None)  # type: ignore[arg-type]
    ((uid, phase, share),) = made.bare
    assert (uid, phase) == (at.patch_uid, "before")
    assert share == pytest.approx(200 * 200 / (665 * 600), abs=1e-4)
    words = words_of(tmp_path)[-1]
    assert f"图幅内无影像 {100 * share:.1f} %" in words
    assert "无影像" in words.split("图例")[-1]


def test_a_pixel_apart_is_an_issue_of_the_county(tmp_path: Path) -> None:
    def found(after: Scene) -> list[Issue]:
        summary = drawn(tmp_path, [before], [after])
        return render._imagery_apart(render.Task(files, scenery.facts(), county, RenderSettings()), summary)

    before = scene(tmp_path, "before", land(1))
    files, county = Files(tmp_path, tmp_path), CountySlice("429901", "", (), 6, blocked=False, scenes=())
    (told,) = found(scene(tmp_path, "after", land(1), 4.0))
    assert (told.code, told.county_code) == (Code.IMAGERY_APART, "429901")
    assert "2.0 像元（4 m），偏东" in sentence(told, "zh")
    assert "2.0 px (4 m)" in sentence(told, "en")
    assert found(scene(tmp_path, "after", land(1), 1.0)) == []
