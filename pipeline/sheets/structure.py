"""The structure of a tagged PDF (ISO 32000-1, 14.7 and 14.8): a section for each page, and in it what is read aloud.

A page whose own words would not do, a map, is a figure with a description in their place; any other is read as it is
written. Links are elements of their own. Furniture is an artifact, unless it is to be heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.sheets.operators import numbers, text_string

LEAF_BYTES = 300  # of a page's two elements without their words
FIGURE, PARAGRAPH = "Figure", "P"
_ROWS = 500  # of a leaf of the parent tree


def marked(below: Sequence[tuple[int, bool]], described: bool, operators: bytes) -> bytes:
    """The content stream of a page: furniture (number of its object, whether it is heard), then `operators`."""
    unheard = "".join(f"/Artifact BMC\n/X{one} Do\nEMC\n" for one, heard in below if not heard)
    heard = "".join(f"/X{one} Do\n" for one, heard in below if heard)
    start = f"{unheard}/{FIGURE if described else PARAGRAPH} << /MCID 0 >> BDC\n{heard}"
    return start.encode("ascii") + operators + b"\nEMC"


def section(document: int, kids: Sequence[int], heading: str) -> str:
    """The element of a page."""
    title = f" /T {text_string(heading)}" if heading else ""
    return f"<< /Type /StructElem /S /Sect /P {document} 0 R{title} /K [{_references(kids)}] >>"


def content(within: int, page: int, size_pt: tuple[float, float], description: str) -> str:
    """The element of all that is drawn on a page."""
    start = f"<< /Type /StructElem /P {within} 0 R /Pg {page} 0 R /K 0"
    if not description:
        return f"{start} /S /{PARAGRAPH} >>"
    where = f"/A << /O /Layout /BBox [0 0 {numbers(*size_pt)}] >>"
    return f"{start} /S /{FIGURE} /Alt {text_string(description)} {where} >>"


def link(within: int, page: int, annotation: int) -> str:
    """The element of a link."""
    target = f"<< /Type /OBJR /Pg {page} 0 R /Obj {annotation} 0 R >>"
    return f"<< /Type /StructElem /S /Link /P {within} 0 R /K {target} >>"


def document(root: int, sections: Sequence[int]) -> str:
    """The element all others are in."""
    return f"<< /Type /StructElem /S /Document /P {root} 0 R /K [{_references(sections)}] >>"


def structure_root(document: int, parents: int, next_key: int) -> str:
    """The root of the structure tree."""
    tree = f"/ParentTree {parents} 0 R /ParentTreeNextKey {next_key}"
    return f"<< /Type /StructTreeRoot /K [{document} 0 R] {tree} >>"


class ParentTree:
    """Which element a page's content, or an annotation, belongs to: a number tree whose leaves go out as they fill.

    Args:
        write: writes a new object and returns its number.
    """

    def __init__(self, write: Callable[[str], int]) -> None:
        self._write = write
        self._rows: list[str] = []
        self._leaves: list[int] = []
        self.next_key = 0

    def add_page(self, element: int) -> int:
        """The key of a page whose content belongs to `element`."""
        return self._add(f"[{element} 0 R]")

    def add_annotation(self, element: int) -> int:
        """The key of an annotation that belongs to `element`."""
        return self._add(f"{element} 0 R")

    def finish(self) -> int:
        """Write what is left, and the root; its number."""
        self._turn()
        kids = _references(self._leaves)
        return self._write(f"<< /Kids [{kids}] >>" if kids else "<< /Nums [] >>")

    def _add(self, element: str) -> int:
        self._rows.append(f"{self.next_key} {element}")
        self.next_key += 1
        if len(self._rows) == _ROWS:
            self._turn()
        return self.next_key - 1

    def _turn(self) -> None:
        if self._rows:
            first, last = self.next_key - len(self._rows), self.next_key - 1
            words = f"<< /Limits [{first} {last}] /Nums [{' '.join(self._rows)}] >>"
            self._leaves.append(self._write(words))
            self._rows.clear()


def _references(numbers_of: Sequence[int]) -> str:
    return " ".join(f"{one} 0 R" for one in numbers_of)
