"""Pictures that lie in the cells of a workbook: nobody reads them, so whoever put them there is told where they are.

A drawing of an .xlsx says in text where each of its pictures begins; a picture "placed in a cell" is a mark of the cell
(Excel), or a formula whose result names it (WPS).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from pipeline.collect.grid import Cell, Grid
from pipeline.collect.spelling import Raw
from pipeline.io.readers.xml_scan import scan
from pipeline.texts import languages, texts

MOST = 10_000  # cells that are remembered of one sheet
NOWHERE = (-1, -1)  # of a picture that no cell holds
_ANCHORS = ("oneCellAnchor", "twoCellAnchor", "absoluteAnchor")
_OF_WPS = ("=DISPIMG(", "=_xlfn.DISPIMG(")


class Drawings:
    """Hears the drawings of an .xlsx or .xlsb, and which sheet each belongs to, in whatever order they come."""

    def __init__(self) -> None:
        self._sheets: dict[str, str] = {}
        self._cells: dict[str, list[Cell]] = {}

    def hear(self, part: str, pieces: Iterable[bytes]) -> bool:
        """Listen to a part, if it is one that speaks of pictures."""
        path = PurePosixPath(part)
        if path.match("xl/worksheets/_rels/*.rels"):
            self._hear_relations(path, pieces)
        elif path.match("xl/drawings/*.xml"):
            anchor = _Anchors()
            scan(pieces, anchor.hear, anchor.hear_text)
            self._cells[part] = anchor.cells
        else:
            return False
        return True

    def _hear_relations(self, path: PurePosixPath, pieces: Iterable[bytes]) -> None:
        sheet = path.parent.parent / path.name.removesuffix(".rels")

        def hear(name: str, said: Mapping[str, str]) -> None:
            if name == "Relationship" and said.get("Type", "").endswith("/drawing") and len(self._sheets) < MOST:
                target = posixpath.join(f"/{sheet.parent}", said.get("Target", ""))
                self._sheets[posixpath.normpath(target)] = str(sheet)

        scan(pieces, hear)

    def by_sheet(self, names: Mapping[str, str]) -> dict[str, list[Cell]]:
        """The cells in which pictures begin, by name of sheet; `names` are the names of the parts that are sheets."""
        found: dict[str, list[Cell]] = {}
        for part, cells in sorted(self._cells.items()):
            found.setdefault(names.get(self._sheets.get(f"/{part}", ""), ""), []).extend(cells)
        return found


class _Anchors:
    """Hears a drawing: where each anchor begins, and whether a picture hangs on it."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self._from = False
        self._at = ""  # the element whose text comes
        self._said: dict[str, str] = {}

    def hear(self, name: str, _: Mapping[str, str]) -> None:
        self._at = name
        if name in _ANCHORS:
            self._said = {}
        self._from = name == "from" or (self._from and name not in ("to", "ext"))
        if name == "pic" and len(self.cells) < MOST:
            row, column = self._said.get("row", ""), self._said.get("col", "")
            known = row.isdecimal() and column.isdecimal()
            self.cells.append((int(row), int(column)) if known else NOWHERE)

    def hear_text(self, text: str) -> None:
        if self._from and self._at in ("row", "col"):
            self._said[self._at] = (self._said.get(self._at, "") + text.strip())[:7]


def pictured(grids: Sequence[Grid], by_sheet: Mapping[str, Sequence[Cell]]) -> list[str]:
    """The cells with pictures, as a spreadsheet names them with their sheet; "" for a picture that no cell holds.

    The pictures that our own workbook brings, on their sheet, are none.
    """
    own = {texts(language)["card.pictures"] for language in languages()}
    return [
        "" if cell == NOWHERE else f"{grid.sheet}!{grid.cell(*cell)}"
        for grid in grids
        if grid.sheet not in own
        for cell in sorted({*by_sheet.get(grid.sheet, ()), *_of_wps(grid.rows)})
    ]


def _of_wps(rows: Sequence[Sequence[Raw]]) -> list[Cell]:
    return [
        (at, column)
        for at, row in enumerate(rows)
        for column, cell in enumerate(row)
        if isinstance(cell, str) and cell.startswith(_OF_WPS)
    ]
