from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Refusal
from pipeline.sheets.densities import density_for
from pipeline.sheets.elements import element, kinds
from pipeline.sheets.layout import filled, load_layout
from pipeline.sheets.style import load_style
from pipeline.shelf import shelf

LAYOUTS = sorted(one.stem for one in (shelf() / "layouts").glob("*.toml"))


def written(folder: Path, words: str) -> str:
    path = folder / "own.toml"
    path.write_text(words, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", LAYOUTS)
def test_slots_stay_within_the_neat_line_and_apart(name: str) -> None:
    layout = load_layout(name)
    neat = layout.first("rules").box
    # an inset is drawn on the pages of clusters alone, where what has its place rises
    slots = [one for one in layout.slots if one.kind not in ("rules", "inset")]
    assert all(neat.contains(one.box) for one in slots)
    clashes = [(a.name, b.name) for at, a in enumerate(slots) for b in slots[:at] if a.box.overlaps(b.box)]
    assert clashes == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_styles_named_in_layouts_exist(name: str) -> None:
    style = load_style("alert" if name.startswith("alert") else "standard")
    for slot in load_layout(name).of_kind("text"):
        assert style.text(slot.options["style"]).size_pt >= 5


@pytest.mark.parametrize("name", ["detail_a4", "detail_a3", "alert_a4"])
def test_both_frames_of_a_detail_sheet_are_of_one_size(name: str) -> None:
    frames = {(one.box.w_mm, one.box.h_mm) for one in load_layout(name).of_kind("map_frame")}
    assert len(frames) == 1
    assert name != "detail_a4" or frames == {(133.0, 120.0)}


@pytest.mark.parametrize("name", ["standard", "alert"])
def test_nothing_of_a_style_is_smaller_than_can_be_read(name: str) -> None:
    style = load_style(name)
    assert min(one.size_pt for one in style.texts.values()) >= 5
    assert min(one.width_mm for one in style.strokes.values()) >= 0.12


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('[[elements]]\nname = "a"\nkind = "tabel"\nbox_mm = [1, 1, 2, 2]', "no known kind"),
        ('[[elements]]\nname = "a"\nkind = "table"\nbox_mm = [1, 1, 2, 2]\nrow = []', "unknown key row"),
        ('[[elements]]\nname = "a"\nkind = "table"\nbox_mm = [290, 1, 20, 2]', "leaves the paper"),
        ('[[elements]]\nname = "a"\nkind = "table"\nbox_mm = [1, 1, 2]', "box_mm = "),
        ("[paper]\nwidth_mm = 3", "unknown key paper"),
        (2 * '[[elements]]\nname = "a"\nkind = "table"\nbox_mm = [1, 1, 2, 2]\n', "two elements a"),
        ('[[elements]]\nname = "a"\nkind = "legend"\nbox_mm = [1, 1, 2, 2]\nfollows = "b"', "a follows b"),
    ],
)
def test_a_mistaken_layout_is_refused_by_name(tmp_path: Path, words: str, told: str) -> None:
    with pytest.raises(Refusal, match=told.replace("[", r"\[")):
        load_layout(written(tmp_path, words))


def test_a_layout_of_an_office_may_move_what_it_likes(tmp_path: Path) -> None:
    path = written(tmp_path, '[page]\nwidth_mm = 420\n[[elements]]\nname = "a"\nkind = "qr"\nbox_mm = [390, 1, 20, 25]')
    layout = load_layout(path)
    assert (layout.width_mm, layout.first("qr").box.x_mm) == (420, 390)
    with pytest.raises(Refusal, match="no element of kind table"):
        layout.first("table")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "no densities"),
        ("densities = [{ columns = 2, rows = 3 }]", "cannot be read"),
        ("densities = [{ columns = 2, rows = 3, text_pt = 6, fields = { number = 0 } }]", "not positive"),
        ("densities = [{ columns = 2, rows = 3, text_pt = 6, fields = 5 }]", "cannot be read"),
    ],
)
def test_a_mistaken_density_is_refused(tmp_path: Path, words: str, told: str) -> None:
    path = written(tmp_path, '[[elements]]\nname = "a"\nkind = "index_table"\nbox_mm = [1, 1, 200, 100]\n' + words)
    with pytest.raises(Refusal, match=told):
        density_for(load_layout(path), 5)


def test_templates_drop_out_where_a_field_is_empty() -> None:
    fields = {"a": "1", "b": ""}
    assert filled("x {a}", fields, "here") == "x 1"
    assert filled("x {a} {b}", fields, "here") == ""
    assert filled("plain", fields, "here") == "plain"
    for wrong in ("{c}", "{a"):
        with pytest.raises(Refusal, match="here"):
            filled(wrong, fields, "here")


def test_every_element_declares_its_options_and_draws() -> None:
    for kind in kinds():
        module = element(kind)
        assert isinstance(module.OPTIONS, dict)
        assert hasattr(module, "draw") or hasattr(module, "furnish")


def test_a_style_of_an_office_that_lacks_a_name_has_the_usual_one(tmp_path: Path) -> None:
    own, usual = tmp_path / "own.toml", load_style("standard")
    lines = Path(usual.path).read_text(encoding="utf-8").replace("#FFD400", "#00FFFF").splitlines()
    own.write_text("\n".join(one for one in lines if not one.startswith(("struck", "scan"))), encoding="utf-8")
    style = load_style(str(own))
    assert style.stroke("focus").colour == "#00FFFF"
    assert style.stroke("struck") == usual.stroke("struck")
    assert style.text("scan") == usual.text("scan")
    with pytest.raises(Refusal, match="has no \\[strokes\\] nothing"):
        style.stroke("nothing")
