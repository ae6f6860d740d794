"""How the roll-up looks: formats of its cells, and the print set-up of its sheets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.texts import Texts

A4 = 9
LINE, HEAD, BAND, CITY, PROVINCE, ALL = "#9AA3AB", "#E9ECEF", "#D9DFE4", "#F3F5F6", "#E4E9ED", "#D9DFE4"
_GROUNDS = {"county": "", "city": CITY, "province": PROVINCE, "all": ALL}
_NUMBERS = {"count": "#,##0", "area": "#,##0.00;-#,##0.00;0", "share": "0.00%", "check": "0;-0;0"}
_MARGIN_IN = 8 / 25.4


@dataclass(frozen=True)
class Looks:
    """Formats by what a cell is, made once each."""

    book: Workbook
    words: Texts

    def __hash__(self) -> int:
        return id(self)

    @cache  # noqa: B019  (as long as its workbook)
    def cell(self, kind: str, level: str = "county", first: bool = False, wrong: bool = False) -> Any:
        """A cell of a row of `level`; `first` of its band has a stronger line on the left."""
        ground = _GROUNDS[level]
        return self._format(
            {"num_format": _NUMBERS[kind], "align": "right"}
            if kind in _NUMBERS
            else {"align": "center" if kind in ("level", "code") else "left"},
            {"bold": level != "county"},
            {"bg_color": ground} if ground else {},
            {"left_color": "#4A545D"} if first else {},
            {"font_color": "#B3261E", "bold": True} if wrong else {},
            {"border": 1, "border_color": LINE, "shrink": kind != "words", "text_wrap": kind == "words"},
        )

    @cache  # noqa: B019
    def head(self, colour: str = "", first: bool = False) -> Any:
        """A heading; a verdict's own colour as a thick line below, so that ink on it stays black."""
        return self._format(
            {"bold": True, "align": "center", "text_wrap": True, "bg_color": HEAD, "border": 1, "border_color": LINE},
            {"bottom": 5, "bottom_color": colour} if colour else {},
            {"left_color": "#4A545D"} if first else {},
        )

    @cache  # noqa: B019
    def plain(self, size: int = 9, bold: bool = False, align: str = "left", wrap: bool = False) -> Any:
        return self._format({"font_size": size, "bold": bold, "align": align, "text_wrap": wrap, "valign": "vcenter"})

    @cache  # noqa: B019
    def title(self) -> Any:
        return self._format({"font_name": self.words["form.font_title"], "font_size": 15, "bold": True})

    def _format(self, *parts: dict[str, Any]) -> Any:
        base = {"font_name": self.words["form.font_body"], "font_size": 9, "valign": "vcenter"}
        return self.book.add_format(base | {key: value for part in parts for key, value in part.items()})


def set_print(sheet: Worksheet, head_rows: int, words: Texts, title: str) -> None:
    """A4 across, one page wide, heads repeated on each, page numbers below."""
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=_MARGIN_IN, right=_MARGIN_IN, top=10 / 25.4, bottom=14 / 25.4)
    sheet.center_horizontally()
    sheet.repeat_rows(head_rows - 2, head_rows - 1)
    sheet.hide_gridlines(2)
    named = title.replace("&", "&&")[:100]
    # A blank after the size, or a title that begins with a year makes the size a thousand times as large.
    sheet.set_footer(f"&L&8 {named}&R&8 {words['form.footer_page']}", {"scale_with_doc": False})
