"""The form QGIS and QField show for a patch: three tabs, lists, what is due, what fills itself in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.forms.form import Field, Form
from pipeline.forms.mistakes import ALWAYS
from pipeline.forms.xml import Element, Value, element, option
from pipeline.records import CampaignFacts
from pipeline.texts import Texts

NOTHING = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"  # how a value map writes NULL
_NOT_NULL, _EXPRESSION = 1, 4
_FIRM, _SOFT = 1, 2
SHOWN = (
    "seq", "patch_no", "page", "town", "village", "patch_type_name", "phase_before", "phase_after",
    "area", "area_reported", "area_share", "remark", "patch_uid", "row_code",
)  # fmt: skip


def form_elements(form: Form, facts: CampaignFacts, columns: Sequence[str], words: Texts) -> list[Element]:
    """The parts of a layer (or QML) that make its form; `columns` are those of the layer."""
    asked = {one.column(facts.area_unit): one for one in form.asked}
    return [
        element("fieldConfiguration", None, *_widgets(form, columns, asked, words)),
        element("aliases", None, *_aliases(facts, columns, asked, words)),
        element("defaults", None, *_defaults(form, columns, asked)),
        element("constraints", None, *_constraints(form, columns, asked)),
        element("constraintExpressions", None, *_expressions(form, facts, columns, asked, words)),
        element("editorlayout", text="tablayout"),
        _tabs(facts, columns, asked, words),
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
        elif column in asked:
            yield _widget(column, *_kind(form, asked[column], words))
        else:
            yield _widget(column, "TextEdit", {"IsMultiline": column == "remark", "UseHtml": False})


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


def _tabs(facts: CampaignFacts, columns: Sequence[str], asked: Mapping[str, Field], words: Texts) -> Element:
    shown = [f"area_{facts.area_unit}" if one == "area" else one for one in SHOWN]
    given = [one for one in shown if one in columns]
    parts = [("given", given)]
    parts += [(tab, [key for key, one in asked.items() if one.tab == tab]) for tab in ("finding", "evidence")]
    tabs = [_tab(words[f"project.tab.{tab}"], names, columns) for tab, names in parts]
    return element("attributeEditorForm", None, *tabs)


def _tab(name: str, shown: Sequence[str], columns: Sequence[str]) -> Element:
    fields = [
        element("attributeEditorField", {"name": one, "index": columns.index(one) + 1, "showLabel": 1}) for one in shown
    ]
    head = {"name": name, "columnCount": 1, "groupBox": 0, "showLabel": 1, "visibilityExpressionEnabled": 0}
    return element("attributeEditorContainer", head | {"visibilityExpression": "", "type": "Tab"}, *fields)


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


def _constraints(form: Form, columns: Sequence[str], asked: Mapping[str, Field]) -> Iterator[Element]:
    for column in columns:
        one = asked.get(column)
        rule = bool(one and _rule(form, one, column, asked))
        first = bool(one and one.key == form.verdict_key)
        yield element(
            "constraint",
            {
                "field": column,
                "constraints": _NOT_NULL * first + _EXPRESSION * rule,
                "unique_strength": 0,
                "notnull_strength": _SOFT if first else 0,
                "exp_strength": (_FIRM if one and _is_firm(one) else _SOFT) if rule else 0,
            },
        )


def _is_firm(one: Field) -> bool:
    return one.due == "firm"


def _expressions(
    form: Form, facts: CampaignFacts, columns: Sequence[str], asked: Mapping[str, Field], words: Texts
) -> Iterator[Element]:
    for column in columns:
        rule = _rule(form, asked[column], column, asked) if column in asked else ""
        name = column_name(column, facts, asked, words)
        said = words.say("project.due", name=name) if rule else ""
        yield element("constraint", {"field": column, "exp": rule, "desc": said})


def _rule(form: Form, one: Field, column: str, asked: Mapping[str, Field]) -> str:
    """What must hold of a field, as a QGIS expression; "" if anything goes."""
    rules = [_due_rule(form, one, column), _choice_rule(form, one, column), _range_rule(one, column, asked)]
    return " and ".join(rule for rule in rules if rule)


def _due_rule(form: Form, one: Field, column: str) -> str:
    if not one.needed or one.stamp or one.key == form.verdict_key:
        return ""
    verdict = f'"{form.verdict_key}"'
    codes = ", ".join(f"'{code}'" for code in one.needed)
    free = f"{verdict} is null" if one.needed == (ALWAYS,) else f"coalesce({verdict}, '') not in ({codes})"
    return f"({free} or length(trim(coalesce(to_string(\"{column}\"), ''))) > 0)"


def _choice_rule(form: Form, one: Field, column: str) -> str:
    if not any(choice.under for choice in one.choices):
        return ""
    return f'("{column}" is null or "{column}" like "{form.verdict_key}" || \'.%\')'


def _range_rule(one: Field, column: str, asked: Mapping[str, Field]) -> str:
    rules = [f'"{column}" >= {one.low:g}' if one.low is not None else ""]
    rules.append(f'"{column}" <= {one.high:g}' if one.high is not None else "")
    rules += [f'"{column}" <= coalesce("{name}", 0)' for name, each in asked.items() if one.within == each.key]
    held = " and ".join(rule for rule in rules if rule)
    return f'("{column}" is null or {held})' if held else ""
