"""What QGIS shows of a feature under the pointer, and in lists: HTML there, so strangers' words are escaped.

Without a map tip of its own QGIS shows a layer's display expression as HTML: a patch number could then name a
picture on somebody's server. Nothing in these templates is a script or a link out of the folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from pipeline.book_parts import BookPart
from pipeline.forms.form import Form
from pipeline.forms.xml import Element, element
from pipeline.texts import Texts

# The sign that begins every replacement comes first, in a step of its own: QGIS replaces in alphabetical order.
_MARKUP = ({"&": "&amp;"}, {"<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_IN_PATHS = ({"%": "%25"}, {"#": "%23", " ": "%20", '"': "%22", "?": "%3F"})
_NO_MARKUP = ({"<": "＜", ">": "＞"},)
_WIDTH_PX = 300


def quoted(said: str) -> str:
    """Words as a literal of the expression language."""
    return "'" + said.replace("\\", "\\\\").replace("'", "''") + "'"


def plain(expression: str) -> str:
    """An expression's words where a list might take them for markup: no angle brackets."""
    return _replaced(expression, _NO_MARKUP)


def choice_words(column: str, labels: Sequence[tuple[str, str]], otherwise: str) -> str:
    """An expression for the label of the code in `column`."""
    cases = " ".join(f'WHEN "{column}" = {quoted(code)} THEN {quoted(label)}' for code, label in labels)
    return f"CASE {cases} ELSE {quoted(otherwise)} END"


def verdict_words(form: Form, words: Texts) -> str:
    """An expression for the words of a piece's verdict, or that nobody gave one."""
    labels = [(one.code, one.label[words.language]) for one in form.verdict.choices]
    return choice_words(form.verdict_key, labels, words["project.open"])


def map_tip(title: str, rows: Sequence[tuple[str, str]], *more: str) -> Element:
    """A map tip: what `title` evaluates to in bold, a line of (name, expression) each, then parts that are HTML."""
    lines = [f"<tr><td>{escape(name)}&nbsp;</td><td>{_shown(expression)}</td></tr>" for name, expression in rows]
    table = f"<table>{''.join(lines)}</table>" if lines else ""
    return element("mapTip", {"enabled": 1}, text=f"<b>{_shown(title)}</b>{table}{''.join(more)}")


def page_html(parts: Sequence[BookPart], words: Texts) -> str:
    """A link to the page of a piece in the book beside the project; nothing for a piece without a page."""
    if not parts:
        return ""
    whens = " ".join(
        f'WHEN "page" <= {one.last_page} THEN {quoted(one.file)} || \'#page=\' || ("page" - {one.first_page - 1})'
        for one in parts
    )
    named = quoted(escape(words["project.tip.page"]))
    link = f"'<p><a href=\"' || {_BESIDE} || CASE {whens} END || '\">' || {named} || ' ' || \"page\" || '</a></p>'"
    return f"[% coalesce({link}, '') %]"


def photo_html(column: str) -> str:
    """The photo a field names, from the folder of the project and nowhere else."""
    path = _replaced(f'"{column}"', _IN_PATHS)
    image = f"'<img width=\"{_WIDTH_PX}\" src=\"' || {_BESIDE} || {path} || '\"/>'"
    return f"[% if(coalesce(\"{column}\", '') = '', '', {image}) %]"


def _shown(expression: str) -> str:
    return f"[% {_replaced(expression, _MARKUP)} %]"


def _replaced(expression: str, steps: Sequence[Mapping[str, str]]) -> str:
    made = f"coalesce(to_string({expression}), '')"
    for by in steps:
        pairs = ", ".join(f"{quoted(old)}, {quoted(new)}" for old, new in by.items())
        made = f"replace({made}, map({pairs}))"
    return made


# The folder of the project as a URL that ends in a slash.
_BESIDE = "'file:///' || " + _replaced("regexp_replace(@project_folder, '^/', '')", _IN_PATHS) + " || '/'"
