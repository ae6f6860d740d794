"""Every fault that has a builder, and the rows of the fault tables that other tests hold."""

from __future__ import annotations

from tests.faults.containers import A
from tests.faults.damage import B
from tests.faults.fault import Fault
from tests.faults.masks import MASKS
from tests.faults.shapes import C

FAULTS: tuple[Fault, ...] = (*A, *B, *C, *MASKS)

# Rows, or halves of them, that are no matter of one delivery: what must happen, and the tests that hold it.
ELSEWHERE: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "A2",
        "a driver that an upgrade brings",
        "refused",
        ("tests/io/test_drivers.py::test_an_upgrade_brings_no_unknown_driver",),
    ),
    ("A3", "imagery that is another format in disguise", "recorded", ("tests/faults/test_imagery.py",)),
    (
        "A4",
        "requests to the network",
        "0 packets",
        ("tests/faults/test_secrets.py::test_nobody_is_called_and_no_secret_leaks",),
    ),
    ("A19", "what our own projects hold", "no macros, no paths", ("tests/forms/test_qgis.py",)),
    (
        "B11",
        "a file that changes while it is read",
        "refused",
        ("tests/faults/test_tables.py::test_a_file_that_changes_is_refused",),
    ),
    ("B12", "reading alters the inbox", "unchanged", ("tests/faults/test_tables.py::test_the_inbox_is_as_it_was",)),
    (
        "C5",
        "county borders that are not shared",
        "balanced",
        ("tests/geometry/test_clip.py::test_every_patch_balances",),
    ),
    (
        "C6",
        "a wrong answer of GEOS",
        "caught or right",
        ("tests/geometry/test_clip.py::test_the_known_wrong_answer_is_caught_or_right",),
    ),
    (
        "C13",
        "imagery of absurd dimensions",
        "recorded",
        ("tests/faults/test_imagery.py", "tests/io/test_rasters.py::test_what_cannot_be_used_is_refused"),
    ),
    (
        "C14",
        "imagery that does not cover",
        "shown as missing",
        ("tests/io/test_rasters.py::test_a_window_outside_is_a_bug_not_black",),
    ),
    ("C15", "imagery in another system", "warped", ("tests/io/test_rasters.py::test_a_warp_shows_the_same_ground",)),
    (
        "C16",
        "imagery that is cut off or garbled",
        "named on its sheet",
        (
            "tests/io/test_rasters.py::test_a_file_cut_off_names_itself",
            "tests/sheets/test_odd_imagery.py::test_a_broken_file_is_named_on_its_page_and_the_book_goes_on",
            "tests/stages/test_imagery.py::test_a_broken_image_costs_a_frame_and_no_county",
        ),
    ),
    (
        "C17",
        "values through formats",
        "equal",
        ("tests/faults/test_tables.py::test_one_patch_is_the_same_through_every_format",),
    ),
)
