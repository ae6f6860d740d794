"""The canvas: what it records is what it draws, in the same words every time."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sheets.canvas import Box, Canvas, Placed, Stroke, TextStyle
from pipeline.sheets.fonts import MM_PER_PT, MissingGlyph, load_font
from pipeline.sheets.lines import NOT_FIRST, NOT_LAST
from pipeline.sheets.operators import number, path
from pipeline.sheets.pdf import ImageRef

FONT = load_font()
THIN = Stroke(0.2, "#000000")
lengths = st.floats(-500, 500, allow_nan=False)
sentences = st.text("县乡镇图斑，。（）“”： ab0129.-", max_size=40)


def canvas() -> Canvas:
    return Canvas(297, 210, FONT)


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_numbers_are_plain(value: float) -> None:
    words = number(value)
    assert re.fullmatch(r"-?\d+(\.\d*[1-9])?", words)
    assert words != "-0"
    assert float(words) == pytest.approx(value, abs=0.0051)


@given(st.lists(st.tuples(lengths, lengths), min_size=2, max_size=40), st.booleans())
def test_a_path_spells_its_points_and_drops_what_falls_together(
    points: list[tuple[float, float]], closed: bool
) -> None:
    words = path(np.array(points), [len(points)], closed)
    assert "e" not in words
    assert "-0 " not in words
    assert words.startswith(f"{number(points[0][0])} {number(points[0][1])} m\n")
    assert words.endswith("h\n") is closed
    lines = [one for one in words.splitlines() if one.endswith(" l")]
    assert len(lines) <= len(points) - 1


def test_thousands_of_vertices_within_a_hundredth_point_become_few() -> None:
    dense = np.column_stack([np.linspace(0, 1, 10_000), np.zeros(10_000)])
    assert len(path(dense, [len(dense)], False).splitlines()) <= 102


def test_y_runs_down_and_text_stands_on_its_baseline() -> None:
    page = canvas()
    box = page.text(10, 20, "H", TextStyle(10))
    assert box.bottom == pytest.approx(20)
    assert box.y_mm == pytest.approx(20 - 10 * MM_PER_PT * FONT.cap_height_em)
    assert b"28.35 538.58 Td" in page.operators()


@given(st.sampled_from(["start", "middle", "end"]), st.floats(-180, 180))
def test_the_anchor_stays_where_it_is_however_words_turn(anchor: str, turn: float) -> None:
    page = canvas()
    style = TextStyle(8, halo_mm=0.3)
    box = page.text(100, 100, "图斑 030", style, anchor, turn)
    assert box.inset(-0.01).contains(Box(100, 100, 0, 0))
    width = page.text_width_mm("图斑 030", style)
    assert max(box.w_mm, box.h_mm) <= width + 2 * 8 * MM_PER_PT + 0.6


def test_ninety_degrees_reads_upwards() -> None:
    box = canvas().text(100, 100, "3 384 500", TextStyle(5), rotate_deg=90)
    assert box.bottom == pytest.approx(100)
    assert box.h_mm > 5 * box.w_mm
    assert box.right == pytest.approx(100, abs=0.3)


def test_a_missing_glyph_raises_and_nothing_is_drawn() -> None:
    page = canvas()
    with pytest.raises(MissingGlyph):
        page.text(10, 10, "a\U0001f600", TextStyle(8))
    assert page.inked == []
    assert page.operators() == b""


@given(sentences, st.floats(3, 60))
def test_wrapping_loses_nothing_and_keeps_to_its_width(words: str, width: float) -> None:
    page, style = canvas(), TextStyle(8)
    lines = page.wrap(words, style, width)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    for line in lines:
        assert page.text_width_mm(line, style) <= width + 1e-9 or len(line) == 1


def test_no_line_begins_or_ends_where_it_may_not() -> None:
    page, style = canvas(), TextStyle(8)
    words = "土地卫片执法检查：图斑（甲）“大悟乡”上坪村，水田变为农村宅基地。图斑《名录》、其他；以及？"
    for width in np.linspace(14, 60, 40):
        for line in page.wrap(words, style, width):
            assert line[0] not in NOT_FIRST
            assert line[-1] not in NOT_LAST


@given(st.text("县乡ab0", min_size=1, max_size=30), st.floats(1, 80))
def test_fitted_words_fit_or_are_as_small_as_allowed(words: str, width: float) -> None:
    page, style = canvas(), TextStyle(12, tracking_mm=0.1)
    fitted = page.fit(words, style, width)
    assert 5 <= fitted.size_pt <= 12
    assert page.text_width_mm(words, fitted) <= width + 1e-9 or fitted.size_pt == 5


def test_marks_are_recorded_by_element_and_only_where_they_show() -> None:
    page = canvas()
    with page.element("frame"), page.clipped(Box(10, 10, 50, 50)):
        page.line([(0, 30), (100, 30)], THIN)
        page.line([(0, 100), (100, 100)], THIN)
        with page.element("mark"):
            page.circle(20, 20, 5, "#FF0000")
    page.text(100, 100, "词", TextStyle(8))
    assert [(one.element, one.kind, one.words) for one in page.inked] == [
        ("frame", "line", ""),
        ("mark", "circle", ""),
        ("", "text", "词"),
    ]
    assert page.inked[0].box == Box(10, pytest.approx(29.9), 50, pytest.approx(0.2))


def test_state_is_set_once_and_restored_after_a_clip() -> None:
    page = canvas()
    page.line([(0, 0), (1, 1)], THIN)
    page.line([(0, 0), (1, 1)], THIN)
    assert page.operators().count(b" RG") == 1
    with page.clipped(page.box):
        page.line([(0, 0), (1, 1)], Stroke(0.2, "#FF0000"))
    page.line([(0, 0), (1, 1)], THIN)
    assert page.operators().count(b" RG") == 2
    assert page.operators().count(b"q ") == page.operators().count(b"\nQ") == 1


def test_hatches_stay_inside_and_follow_their_angle() -> None:
    page = canvas()
    page.hatch(Box(10, 10, 20, 20), 2, THIN, angle_deg=0)
    assert page.inked[-1].box == Box(10, 10, 20, 20)
    operators = page.operators().decode()
    assert "W* n" in operators
    ends = re.findall(r"([\d.]+) ([\d.]+) m\n([\d.]+) ([\d.]+) l\n", operators.split("W* n")[1])
    assert len(ends) == 11
    assert all(one[1] == one[3] for one in ends)


def test_an_image_lies_in_its_box() -> None:
    page = canvas()
    page.image(Placed(ImageRef(9, 100, 50), Box(10, 20, 30, 15)), opacity=0.5)
    assert page.content().xobjects == (9,)
    assert page.content().opacities == (50,)
    assert page.inked[0].box == Box(10, 20, 30, 15)
    with pytest.raises(ValueError):
        page.image(ImageRef(9, 100, 50))


def test_the_same_calls_give_the_same_operators() -> None:
    def drawn() -> bytes:
        page = canvas()
        page.area([np.random.default_rng(1).random((500, 2)) * 100], "#D55E00", THIN)
        page.text(10, 10, "图斑", TextStyle(8, halo_mm=0.3, bold=True))
        return page.operators()

    assert drawn() == drawn()


@pytest.mark.parametrize("bad", [np.zeros((3, 3)), np.array([[0.0, np.nan], [1, 1]])])
def test_points_are_pairs_of_finite_numbers(bad: np.ndarray) -> None:
    with pytest.raises(ValueError):
        canvas().line(bad, THIN)


@given(lengths, lengths, st.floats(0.1, 50), st.floats(0.1, 50))
def test_boxes_beside_each_other_do_not_overlap(x: float, y: float, w: float, h: float) -> None:
    box = Box(x, y, w, h)
    assert not box.overlaps(Box(box.right, y, w, h))
    assert box.overlaps(Box(x + w / 2, y + h / 2, w, h))
    assert box.contains(box.inset(0.01))
    assert not box.inset(0.04).contains(box)


def test_corners_of_a_georeference_have_an_order() -> None:
    page = canvas()
    with pytest.raises(ValueError, match="upper left"):
        page.georeference(page.box, "EPSG:4547", ((114, 30), (114, 31), (115, 31), (115, 30)), "x")
    page.georeference(page.box, "EPSG:32601", ((179.9, 1), (179.9, 0), (-179.9, 0), (-179.9, 1)), "date line")
    assert len(page.content().viewports) == 1
