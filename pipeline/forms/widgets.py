"""The form QGIS and QField show for a patch: tabs that come with the verdict, lists, what is due, what is stamped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from pipeline.forms.field_rules import FieldRule, field_rule, holds
from pipeline.forms.form import Field, Form, asked_for
from pipeline.forms.mistakes import ALWAYS, TABS
from pipeline.forms.xml import Element, Value, element, option
from pipeline.records import CampaignFacts
from pipeline.texts import Texts

NOTHING = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"  # how a value map writes NULL
_NOT_NULL, _EXPRESSION = 1, 4
_FIRM, _SOFT = 1, 2
SHOWN = (
    "seq", "patch_no", "page", "town", "village", "patch_type_name", "phase_before", "phase_after",
    "area", "area_reported", "patch_uid", "row_code",
)  # fmt: skip
# Groups of the first tab that are shown where they say something.
_GROUPS = (
    ("shared", '"piece_count" > 1', ("piece_no", "piece_count", "area_share")),
    ("not_asked", 'NOT "asked"', ("not_asked_reason",)),
    ("remark", "\"remark\" <> ''", ("remark",)),
)


def form_elements(form: Form, facts: CampaignFacts, columns: Sequence[str], words: Texts) -> list[Element]:
    """The parts of a layer (or QML) that make its form; `columns` are those of the layer."""
    asked = {one.column(facts.area_unit): one for one in form.asked}
    called = {column: column_name(column, facts, asked, words) for column in asked}
    rules = {column: field_rule(form, one, column, called, words) for column, one in asked.items()}
    return [
        element("fieldConfiguration", None, *_widgets(form, columns, asked, words)),
        element("aliases", None, *_aliases(facts, columns, asked, words)),
        element("defaults", None, *_defaults(form, columns, asked)),
        element("constraints", None, *_constraints(form, columns, asked, rules)),
        element("constraintExpressions", None, *_expressions(columns, rules)),
        element("editorlayout", text="tablayout"),
        _tabs(form, facts, columns, asked, words),
        element(
            "editable",
            None,
            *(element("field", {"name": one, "editable": int(one in asked)}) for one in ("fid", *columns)),
        ),
        element(
            "labelOnTop",
            None,
            *(element("field", {"name": one, "labelOnTop": int(one in asked)}) for one in ("fid", *columns)),
        ),
    ]


def column_name(column: str, facts: CampaignFacts, asked: Mapping[str, Field], words: Texts) -> str:
    """What a reader calls a column."""
    unit = words[f"unit.{facts.area_unit}"]
    if column in asked:
        return asked[column].heading[words.language].replace("{unit}", unit).replace("\n", words["form.heading_joint"])
    key = "area" if column == f"area_{facts.area_unit}" else column
    return words.say(f"form.name.{key}", unit=unit)


def _aliases(
    facts: CampaignFacts, columns: Sequence[str], asked: Mapping[str, Field], words: Texts
) -> Iterator[Element]:
    for at, column in enumerate(columns, 1):
        name = column_name(column, facts, asked, words)
        yield element("alias", {"index": at, "field": column, "name": name})


def _widgets(form: Form, columns: Sequence[str], asked: Mapping[str, Field], words: Texts) -> Iterator[Element]:
    yield _widget("fid", "Hidden", {})
    for column in columns:
        if column == "asked":
            yield _widget(column, "CheckBox", {})
        elif column == "not_asked_reason":
            reasons: list[Value] = [{words[f"sheet.reason.{one}"]: one} for one in ("fragment", "minimum", "sliver")]
            yield _widget(column, "ValueMap", {"map": reasons})
        elif column in asked:
            yield _widget(column, *_kind(form, asked[column], words))
        else:
            yield _widget(column, *_GIVEN.get(column, ("TextEdit", {"IsMultiline": False, "UseHtml": False})))


def _widget(column: str, kind: str, config: Mapping[str, Value]) -> Element:
    settings = element("config", None, option(config))
    return element(
        "field",
        {"name": column, "configurationFlags": "None"},
        element("editWidget", {"type": kind}, settings),
    )


def _kind(form: Form, one: Field, words: Texts) -> tuple[str, dict[str, Value]]:
    match one.type:
        case "choice":
            return "ValueMap", {"map": _value_map(form, one, words)}
        case "date":
            shown: dict[str, Value] = {
                "display_format": "yyyy-MM-dd",
                "field_format": "yyyy-MM-dd",
                "field_iso_format": False,
            }
            return "DateTime", shown | {"calendar_popup": True, "allow_null": True}
        case "photo":
            return "ExternalResource", _PHOTO
    return "TextEdit", {"IsMultiline": one.type == "long", "UseHtml": False}


def _value_map(form: Form, one: Field, words: Texts) -> list[Value]:
    labels = [(words["project.empty"], NOTHING)]
    labels += [(form.label(choice, words.language, words["form.joint"]), choice.code) for choice in one.choices]
    return [{label: code} for label, code in labels]


_GIVEN: dict[str, tuple[str, dict[str, Value]]] = {
    "remark": ("TextEdit", {"IsMultiline": True, "UseHtml": False}),
    "area_share": ("Range", {"Min": 0.0, "Max": 1.0, "Step": 0.01, "Precision": 4, "Style": "SpinBox"}),
}
_PHOTO: dict[str, Value] = {
    "DocumentViewer": 1,
    "DocumentViewerHeight": 0,
    "DocumentViewerWidth": 0,
    "FileWidget": True,
    "FileWidgetButton": True,
    "FileWidgetFilter": "",
    "RelativeStorage": 1,
    "StorageMode": 0,
}


def _tabs(
    form: Form, facts: CampaignFacts, columns: Sequence[str], asked: Mapping[str, Field], words: Texts
) -> Element:
    shown = [f"area_{facts.area_unit}" if one == "area" else one for one in SHOWN]
    given = _fields([one for one in shown if one in columns], columns)
    given += [_group(words[f"project.group.{key}"], when, names, columns) for key, when, names in _GROUPS]
    tabs = [_tab(words["project.tab.given"], given)]
    for tab in TABS:
        mine = {key: one for key, one in asked.items() if one.tab == tab}
        if mine:
            answers = asked_for(mine.values())
            parts = _asked_parts(form, mine, answers, columns)
            tabs.append(_tab(words[f"form.section.{tab}"], parts, _shown_for(form, answers)))
    return element("attributeEditorForm", None, *tabs)


def _asked_parts(
    form: Form, mine: Mapping[str, Field], answers: tuple[str, ...], columns: Sequence[str]
) -> list[Element]:
    """The fields of a section; those asked for fewer answers than it in a box that comes and goes with them."""
    parts: list[Element] = []
    for when, keys in groupby(mine, key=lambda key: mine[key].when):
        if when == answers:
            parts += _fields(list(keys), columns)
        else:
            parts.append(_group("", _shown_for(form, when), list(keys), columns))
    return parts


def _shown_for(form: Form, answers: tuple[str, ...]) -> str:
    """When a part of the form is shown; "" where it always is: an answer may come before the verdict."""
    return "" if answers == (ALWAYS,) else holds(form, answers)


def _fields(names: Sequence[str], columns: Sequence[str]) -> list[Element]:
    return [
        element("attributeEditorField", {"name": one, "index": columns.index(one) + 1, "showLabel": 1}) for one in names
    ]


def _tab(name: str, parts: Sequence[Element], when: str = "") -> Element:
    head = {
        "name": name,
        "columnCount": 1,
        "groupBox": 0,
        "showLabel": 1,
        "visibilityExpressionEnabled": int(bool(when)),
    }
    return element("attributeEditorContainer", head | {"visibilityExpression": when, "type": "Tab"}, *parts)


def _group(name: str, when: str, names: Sequence[str], columns: Sequence[str]) -> Element:
    """Fields in a box, shown where the expression holds."""
    shown = {"groupBox": 1, "showLabel": int(bool(name)), "visibilityExpressionEnabled": 1}
    head = {"name": name, "columnCount": 1, **shown}
    parts = _fields(names, columns)
    return element("attributeEditorContainer", head | {"visibilityExpression": when, "type": "GroupBox"}, *parts)


def _defaults(form: Form, columns: Sequence[str], asked: Mapping[str, Field]) -> Iterator[Element]:
    for column in columns:
        said = _stamp(form, column, asked[column]) if column in asked else ""
        yield element("default", {"field": column, "expression": said, "applyOnUpdate": int(bool(said))})


def _stamp(form: Form, column: str, one: Field) -> str:
    """Filled in with the verdict and kept at later edits; a bare now() would change at each (ecosystem 2.4)."""
    fresh = {
        "day": "to_date(now())",
        "user": "coalesce(@cloud_username, @mm_username, @user_full_name)",
    }.get(one.stamp)
    return f'if("{form.verdict_key}" is not null, coalesce("{column}", {fresh}), NULL)' if fresh else ""


def _constraints(
    form: Form, columns: Sequence[str], asked: Mapping[str, Field], rules: Mapping[str, FieldRule]
) -> Iterator[Element]:
    for column in columns:
        rule = bool(column in rules and rules[column].expression)
        first = column == form.verdict_key
        firm = rule and asked[column].due == "firm"
        yield element(
            "constraint",
            {
                "field": column,
                "constraints": _NOT_NULL * first + _EXPRESSION * rule,
                "unique_strength": 0,
                "notnull_strength": _SOFT if first else 0,
                "exp_strength": (_FIRM if firm else _SOFT) if rule else 0,
            },
        )


def _expressions(columns: Sequence[str], rules: Mapping[str, FieldRule]) -> Iterator[Element]:
    for column in columns:
        rule = rules.get(column, FieldRule())
        yield element("constraint", {"field": column, "exp": rule.expression, "desc": rule.sentence})
