"""How the layers a county is handed, and those of the whole run, look in QGIS."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pipeline.forms.form import Form
from pipeline.forms.symbols import arrow, categories, dot, fill, labels, line, single
from pipeline.forms.tips import map_tip, plain, verdict_words
from pipeline.forms.widgets import form_elements
from pipeline.forms.xml import QGIS_VERSION, Element, document, element, option
from pipeline.records import CampaignFacts
from pipeline.shelf import read_toml, shelf_file
from pipeline.texts import Texts, texts

RUN_LAYERS = ("patches", "pieces", "remainders", "borders", "moves", "counties", "issues", "findings")
POINTS = ("issues", "photos")
_OPEN, _NOT_ASKED, _CONFLICT = "open", "not_asked", "conflict"
_PATCH_NAME = 'concat("seq", \' \', "patch_no", \' \', "town", "village")'
_SHARES = (("none", -1.0, 0.0), ("some", 0.0, 0.5), ("most", 0.5, 1.0), ("all", 1.0, 2.0))

# By layer of the run: the expression that names a feature, and the columns a map tip tells besides.
_RUN_TIPS = {
    "patches": ('"patch_no"', "patch_uid", "county_name", "area_m2"),
    "pieces": ('"patch_no"', "patch_uid", "county_name", "area_m2"),
    "remainders": ('"patch_no"', "patch_uid", "area_m2"),
    "borders": ('concat("name_a", \' – \', "name_b")', "area_m2"),
    "moves": ('"patch_no"', "county_name", "other_name", "area_m2"),
    "counties": ('"name"', "code"),
    "issues": ('"code"', "sentence"),
    "findings": ('concat("seq", \' \', "patch_no")', "county_name", "verdict_name", "verdict_sub_name", "return_file"),
    "photos": ('concat("patch_no", \' \', "named")', "taken", "distance_m", "return_file"),
}


@cache
def _style() -> dict[str, Any]:
    return read_toml(shelf_file("styles/qgis.toml"))


def patch_parts(form: Form, facts: CampaignFacts, columns: Sequence[str], *more: str) -> list[Element]:
    """Renderer, labels, map tip and form of layer `patches`; the same in the project and in the GeoPackage.

    `more` is HTML at the end of the map tip, of the project alone: the page of the book, the photos.
    """
    words = texts(facts.language)
    style = _style()["patch"]
    label = labels(
        'if("asked", to_string("seq"), \'\')',
        style["label"],
        style["label_pt"],
        style["halo"],
        style["halo_mm"],
        style["label_from_scale"],
        place="outside",
    )
    preview = element("previewExpression", text=plain(_PATCH_NAME))
    tip = map_tip(_PATCH_NAME, _tip_rows(form, facts, words), *more)
    return [_patch_renderer(form, words), label, preview, tip, *form_elements(form, facts, columns, words)]


def _tip_rows(form: Form, facts: CampaignFacts, words: Texts) -> list[tuple[str, str]]:
    """Names and expressions of what a map tip tells of a piece."""
    unit = words[f"unit.{facts.area_unit}"]
    told = {"patch_type_name": "patch_type_name", "area": f"area_{facts.area_unit}", "phase_after": "phase_after"}
    rows = [(words.say(f"form.name.{name}", unit=unit), f'"{column}"') for name, column in told.items()]
    return [*rows, (form.verdict.heading[words.language], verdict_words(form, words))]


def _patch_renderer(form: Form, words: Texts) -> Element:
    style = _style()["patch"]
    verdict = form.verdict_key
    value = f"CASE WHEN NOT \"asked\" THEN '{_NOT_ASKED}' ELSE coalesce(\"{verdict}\", '{_OPEN}') END"
    classes = [(_OPEN, words["project.open"], _cased(style["open"]))]
    classes += [
        (one.code, one.label[words.language], _cased(one.colour or style["open"])) for one in form.verdict.choices
    ]
    faint = [
        line(style["casing"], 2 * style["faint_mm"]),
        line(style["not_asked"], style["faint_mm"], (1.2, 0.8)),
    ]
    classes.append((_NOT_ASKED, words["project.not_asked"], faint))
    return categories(value, classes)


def _cased(colour: str) -> list[Element]:
    style = _style()["patch"]
    return [line(style["casing"], style["casing_mm"]), line(colour, style["width_mm"])]


def boundary_parts(facts: CampaignFacts) -> list[Element]:
    """Renderer and labels of layer `boundary`: the line of the sheets, ground outside the county dimmed."""
    words = texts(facts.language)
    style = _style()["boundary"]
    county = [line(style["band"], style["band_mm"]), line(style["line"], style["width_mm"], style["dash_mm"])]
    outside = [fill(style["outside"], style["outside_opacity"], style["outside_edge"], style["outside_edge_mm"])]
    # The county last, so that its line lies over its neighbours' edges.
    classes = [
        ("neighbour", words["project.neighbour"], outside),
        ("county", words["project.county"], county),
    ]
    named = "if(\"role\" = 'neighbour', \"name\", '')"
    label = labels(named, style["label"], style["label_pt"], "#FFFFFF", 0.8)
    preview = element("previewExpression", text=plain('"name"'))
    return [_by_level(categories("role", classes)), label, preview, map_tip('"name"', [])]


def _by_level(renderer: Element) -> Element:
    """Draw class after class instead of row after row."""
    renderer.set("symbollevels", "1")
    for at, symbol in enumerate(renderer.iter("symbol")):
        for layer in symbol.iter("layer"):
            layer.set("pass", str(at))
    return renderer


def qml(parts: Sequence[Element], geometry: int = 2) -> str:
    """A style document of the elements a project's layer has; `geometry` 0 point, 2 polygon."""
    labelled = any(one.tag == "labeling" for one in parts)
    head = {
        "version": QGIS_VERSION,
        "styleCategories": "AllStyleCategories",
        "labelsEnabled": int(labelled),
        "readOnly": 0,
        "hasScaleBasedVisibilityFlag": 0,
    }
    kind = element("layerGeometryType", text=str(geometry))
    return document(element("qgis", head, *parts, kind), "qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'").decode(
        "utf-8"
    )


def layer_qml(kind: str, language: str, form: Form | None = None) -> str:
    """The style of a layer of `<campaign>.gpkg`: patches, pieces, remainders, borders, moves,
    counties, issues or findings.

    `form` gives findings the names and colours of its verdicts; without one they are told apart by state alone.

    Raises:
        KeyError: there is no such layer.
    """
    return qml(run_parts(kind, language, form), geometry=0 if kind in POINTS else 2)


def run_parts(kind: str, language: str, form: Form | None = None, progress: bool = False) -> list[Element]:
    """Renderer, labels and map tip of a layer of the run; with `progress`, counties by the share that is answered.

    Raises:
        KeyError: there is no such layer.
    """
    words = texts(language)
    title, *rows = _RUN_TIPS[kind]
    if kind == "counties" and progress:
        rows += ["answered", "asked"]
    told = [(words[f"project.column.{one}"], f'"{one}"') for one in rows]
    preview = element("previewExpression", text=plain(title))
    return [*_run_look(kind, words, form, progress), preview, map_tip(title, told)]


def _run_look(kind: str, words: Texts, form: Form | None, progress: bool) -> list[Element]:
    colour = _style()["run"][kind]
    match kind:
        case "patches":
            return [single([line("#000000", 0.7), line(colour, 0.4)]), _plain('"patch_no"', 25000)]
        case "pieces":
            return [_run_pieces(words, colour), _plain('"patch_no"', 25000)]
        case "counties":
            look = _run_progress(words) if progress else _run_counties(colour)
            return [look, _plain('"name"', 3000000, "over")]
        case "issues":
            return [single([dot(colour, "#FFFFFF", 3.0)], "marker"), _plain('"code"', 50000, "beside")]
        case "photos":
            return [_run_photos(words, colour), _plain('"patch_no"', 10000, "beside")]
        case "findings":
            return [_run_findings(words, form), _plain('concat("seq", \' \', "verdict_name")', 50000)]
    return [single([fill(colour, 0.5, colour, 0.4)])]


def _run_findings(words: Texts, form: Form | None) -> Element:
    """By verdict in the colours of the form; white in a heavy casing where answers disagree."""
    style = _style()["patch"]
    choices = form.verdict.choices if form else ()
    named = "verdict" if form else "state"
    value = f'if("state" = \'answered\', "{named}", "state")'
    classes = [(one.code, one.label[words.language], _cased(one.colour or style["open"])) for one in choices]
    if not form:
        classes.append(("answered", words["project.run.answered"], _cased(_style()["run"]["findings"])))
    clash = [line(style["casing"], style["conflict_casing_mm"]), line(style["conflict"], style["width_mm"])]
    classes.append((_CONFLICT, words["project.run.conflict"], clash))
    classes.append((_OPEN, words["project.open"], _cased(style["open"])))
    return categories(value, classes)


def _run_photos(words: Texts, colour: str) -> Element:
    """Where the camera stood, and which way it looked as far as the photo says."""
    pointed = [arrow(colour, "#000000", 5.0, '"azimuth_deg"')]
    unknown = [dot(colour, "#000000", 2.6)]
    value = "CASE WHEN \"azimuth_deg\" IS NULL THEN 'unknown' ELSE 'pointed' END"
    classes = [("pointed", words["project.run.pointed"], pointed), ("unknown", words["project.run.unpointed"], unknown)]
    return categories(value, classes, "marker")


def _run_progress(words: Texts) -> Element:
    """Counties by the share of their asked pieces that is answered, lighter to darker."""
    style, run = _style()["boundary"], _style()["progress"]
    border = line(style["line"], 0.35, style["dash_mm"])
    share = '"answered" / to_real("asked")'
    whens = " ".join(
        f"WHEN {share} > {low:g} AND {share} {'<' if high == 1 else '<='} {high:g} THEN '{name}'"
        for name, low, high in _SHARES[:-1]
    )
    value = f"CASE WHEN \"asked\" = 0 THEN 'nothing' {whens} ELSE 'all' END"
    names = [name for name, _, _ in _SHARES]
    classes = [("nothing", words["project.run.share.nothing"], [fill(run["nothing"], 1.0), border])]
    classes += [(name, words[f"project.run.share.{name}"], [fill(run[name], 1.0), border]) for name in names]
    return categories(value, classes)


def _run_pieces(words: Texts, colour: str) -> Element:
    faint = [line("#7F7F7F", 0.3, (1.2, 0.8))]
    asked = [line("#000000", 0.7), line(colour, 0.4)]
    return categories(
        "if(\"asked\", 'asked', 'not_asked')",
        [("asked", words["project.run.asked"], asked), (_NOT_ASKED, words["project.not_asked"], faint)],
    )


def _run_counties(colour: str) -> Element:
    style = _style()["boundary"]
    return single([line(style["band"], 1.4), line(colour, 0.35, style["dash_mm"])])


def _plain(expression: str, from_scale: int, place: str = "outside") -> Element:
    return labels(expression, "#1A1A1A", 8.0, "#FFFFFF", 0.6, from_scale, place)


def custom_properties(values: dict[str, Any]) -> Element:
    """A layer's custom properties, read by QField."""
    return element("customproperties", None, option(values))
