"""A thin streaming PDF writer (ISO 32000): pages go out as they are drawn, memory stays flat.

No dates, no random ids: the same pages give the same bytes. Text is selectable, layers have names in any
script, every map frame can carry its georeference (ISO 32000-2, 12.10).
"""

from __future__ import annotations

import hashlib
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Protocol

from pyproj import CRS

from pipeline.sheets import structure
from pipeline.sheets.fonts import Font
from pipeline.sheets.operators import byte_string, number, numbers, text_string

PRODUCER = "Tuban"
LEVEL = 4  # of zlib: a third quicker than 6, and a page two per cent larger
TEXT_FONT, HALO_FONT = "F", "H"  # the same glyphs; what is set in H is seen and not read, see _write_font
_CATALOG, _PAGES, _FONT, _HALO, _INFO, _METADATA, _STRUCTURE, _DOCUMENT = 1, 2, 3, 4, 5, 6, 7, 8
_FIRST_FREE = 9
# What is still to be written when a file is closed, never less than it takes; see `PdfWriter.size_bytes`.
_END_BYTES, _PAGE_BYTES, _NAME_BYTES, _ENTRY_BYTES, _ROW_BYTES, _LINK_BYTES = 8_000, 200, 100, 300, 20, 500
_GLYPH_BYTES = {False: 400, True: 1_200}  # of a subset, by whether the font is TrueType

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
Edges = tuple[float, float, float, float]  # left, bottom, right, top in points


@dataclass(frozen=True)
class ImageRef:
    """An image in the file, drawn as often as wanted."""

    number: int
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Link:
    """A rectangle that leads to "#destination" or to a URI."""

    edges_pt: Edges
    target: str
    words: str = ""


@dataclass(frozen=True)
class Viewport:
    """A georeferenced rectangle: where its four corners of paper lie on the ground.

    Corners go upper left, lower left, lower right, upper right; `lpts` in shares of the rectangle (right, up),
    `gpts_lonlat` in degrees of the geographic CRS that `crs` (EPSG code or WKT) is built on.
    """

    name: str
    edges_pt: Edges
    crs: str
    lpts: Corners
    gpts_lonlat: Corners


@dataclass(frozen=True)
class Content:
    """What a canvas hands over: operators and all they refer to."""

    width_pt: float
    height_pt: float
    operators: bytes
    below: tuple[tuple[int, bool], ...] = ()  # furniture drawn before them, and whether it is read aloud
    heading: str = ""
    description: str = ""  # read aloud in the place of its words
    characters: frozenset[str] = frozenset()
    xobjects: tuple[int, ...] = ()
    opacities: tuple[int, ...] = ()  # per cent
    layers: tuple[str, ...] = ()  # names; the resource is L0, L1, …
    links: tuple[Link, ...] = ()
    destinations: tuple[tuple[str, float], ...] = ()  # name, height above the page's foot in points
    viewports: tuple[Viewport, ...] = ()

    def content(self) -> Content:
        """Itself: what was handed over is a drawing, too."""
        return self


class Drawing(Protocol):
    """A canvas, as the writer sees it."""

    def content(self) -> Content: ...


@dataclass(frozen=True)
class Furniture:
    """A drawing declared static: written once, drawn on many pages."""

    number: int
    drawing: Drawing


@dataclass(frozen=True)
class PageRef:
    """A page in the file; `index` counts from 0."""

    number: int
    index: int


@dataclass(frozen=True)
class Remote:
    """A page of another PDF of the same folder; `index` counts from 0."""

    file: str
    index: int


@dataclass(frozen=True)
class Bookmark:
    """An entry of the outline, for nesting others below it."""

    row: int


@dataclass(frozen=True)
class _Entry:
    title: str
    page: PageRef | Remote
    parent: int  # row, -1 at the top


class PdfWriter:
    """Writes one PDF; a context manager. If the block fails, no file is left.

    Args:
        path: where to write; the caller publishes (`pipeline.publish.private`).
        title, subject, author: of the document; the title also stands in the window's title bar.
        language: BCP 47, such as "zh" or "en".
        font: the one font of all pages.
        elsewhere: destinations of the other files of a book; it may grow until this one is closed, and what this
            file has itself goes before.
    """

    def __init__(
        self,
        path: Path,
        title: str,
        language: str,
        font: Font,
        subject: str = "",
        author: str = "",
        elsewhere: Mapping[str, Remote] | None = None,
    ) -> None:
        self.path, self.title, self.language, self.font = path, title, language, font
        self._elsewhere = {} if elsewhere is None else elsewhere
        self._subject, self._author = subject, author
        self._characters: set[str] = set()
        self._offsets = array("Q", bytes(8 * _FIRST_FREE))  # where each object begins
        self._sections = array("L")
        self._parents = structure.ParentTree(self._new)
        self._pages: list[tuple[int, str]] = []  # object number, label
        self._layers: dict[str, int] = {}
        self._systems: dict[str, int] = {}
        self._furniture: dict[str, tuple[Furniture, Content]] = {}
        self._destinations: dict[str, tuple[int, float]] = {}
        self._targets: set[str] = set()
        self._entries: list[_Entry] = []
        self._unsettled: list[
            tuple[int, int, Link]
        ] = []  # links to what was not yet named, as `_annotation` takes them
        self._end_bytes = _END_BYTES
        self._digest = hashlib.sha256()
        self._at = 0
        self._file = path.open("wb")
        self._put(b"%PDF-1.7\n%\xe5\x9b\xbe\xe6\x96\x91\n")

    def __enter__(self) -> PdfWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except BaseException:
            kind = BaseException
            raise
        finally:
            self._file.close()
            if kind is not None:
                self.path.unlink(missing_ok=True)

    # -- what a caller adds ------------------------------------------------------------------------------

    def page(self, canvas: Drawing, label: str) -> PageRef:
        """Write a page; `label` is its number as readers show it."""
        content = canvas.content()
        stream = self._stream("", page_operators(content))
        page = PageRef(self._reserve(), len(self._pages))
        self._characters |= content.characters
        self._pages.append((page.number, label))
        for name, top_pt in content.destinations:
            self._add_destination(name, page.number, top_pt)
        key, notes = self._tag(page.number, content)
        self._write(page.number, self._page_dictionary(content, stream, key, notes))
        self._end_bytes += _PAGE_BYTES
        return page

    def page_bytes(self, canvas: Drawing) -> int:
        """The file grows by no more than this if the page is written now, its images and furniture left aside."""
        content = canvas.content()
        glyphs = _GLYPH_BYTES[self.font.truetype] * len(content.characters - self._characters)
        links = sum(map(_link_bytes, content.links))
        names = sum(_NAME_BYTES + 2 * len(name.encode("utf-8")) for name, _ in content.destinations)
        told = structure.LEAF_BYTES + 4 * len(content.heading) + 4 * len(content.description)
        return len(zlib.compress(page_operators(content), LEVEL)) + 2_000 + _PAGE_BYTES + glyphs + links + names + told

    @property
    def size_bytes(self) -> int:
        """The file is no larger than this if it is closed now."""
        font = _GLYPH_BYTES[self.font.truetype] * len(self._characters)
        return self._at + self._end_bytes + font + _ROW_BYTES * len(self._offsets)

    def furniture(self, key: str, canvas: Drawing) -> Furniture:
        """Declare a static drawing; declared again under its key, it must be the same."""
        content = canvas.content()
        if content.links or content.destinations or content.viewports or content.below:
            raise ValueError(
                f"furniture {key!r} is drawn on many pages: no links, destinations, georeference or furniture"
            )
        if key in self._furniture:
            known, before = self._furniture[key]
            if before != content:
                raise ValueError(f"furniture {key!r} was declared as another drawing")
            return known
        self._characters |= content.characters
        box = f"[0 0 {numbers(content.width_pt, content.height_pt)}]"
        words = f"/Type /XObject /Subtype /Form /BBox {box} /Resources {self._resources(content)}"
        made = Furniture(self._stream(words, content.operators), canvas)
        self._furniture[key] = (made, content)
        return made

    def image(self, jpeg: bytes, width_px: int, height_px: int, colours: int = 3) -> ImageRef:
        """Write a JPEG as it is; `colours` is 1 (grey) or 3 (RGB or YCbCr)."""
        space = {1: "/DeviceGray", 3: "/DeviceRGB"}[colours]
        words = (
            f"/Type /XObject /Subtype /Image /Width {width_px} /Height {height_px} /ColorSpace {space} "
            "/BitsPerComponent 8 /Interpolate true /Filter /DCTDecode"
        )
        return ImageRef(self._raw_stream(words, jpeg), width_px, height_px)

    def bookmark(self, title: str, page: PageRef | Remote, parent: Bookmark | None = None) -> Bookmark:
        """Add an entry to the outline, after the others of its parent."""
        self._end_bytes += _ENTRY_BYTES + 4 * len(title)
        self._entries.append(_Entry(title, page, -1 if parent is None else parent.row))
        return Bookmark(len(self._entries) - 1)

    def destination(self, name: str, page: PageRef) -> None:
        """Name the top of a page, for links to "#name" from anywhere, before or after."""
        self._add_destination(name, page.number, None)

    # -- objects -----------------------------------------------------------------------------------------

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._at += len(data)

    def _reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets) - 1

    def _write(self, at: int, words: str) -> int:
        self._offsets[at] = self._at
        self._put(f"{at} 0 obj\n{words}\nendobj\n".encode("latin-1"))
        return at

    def _new(self, words: str) -> int:
        return self._write(self._reserve(), words)

    def _stream(self, words: str, data: bytes) -> int:
        return self._raw_stream(f"{words} /Filter /FlateDecode", zlib.compress(data, LEVEL))

    def _raw_stream(self, words: str, data: bytes, at: int | None = None) -> int:
        at = self._reserve() if at is None else at
        self._offsets[at] = self._at
        self._put(f"{at} 0 obj\n<< {words} /Length {len(data)} >>\nstream\n".encode("latin-1"))
        self._put(data)
        self._put(b"\nendstream\nendobj\n")
        return at

    # -- pages -------------------------------------------------------------------------------------------

    def _tag(self, page: int, content: Content) -> tuple[int, list[int]]:
        """Write the structure of a page; its key in the parent tree, and its annotations."""
        section, leaf = self._reserve(), self._reserve()
        key = self._parents.add_page(leaf)
        size = (content.width_pt, content.height_pt)
        self._write(leaf, structure.content(section, page, size, content.description))
        notes = [self._reserve() for _ in content.links]
        links = [self._new(structure.link(section, page, one)) for one in notes]
        for note, element, one in zip(notes, links, content.links, strict=True):
            self._annotate(note, self._parents.add_annotation(element), one)
        self._write(section, structure.section(_DOCUMENT, [leaf, *links], content.heading))
        self._sections.append(section)
        return key, notes

    def _page_dictionary(self, content: Content, stream: int, key: int, notes: list[int]) -> str:
        annotations = f" /Tabs /S /Annots [{' '.join(f'{one} 0 R' for one in notes)}]" if notes else ""
        return (
            f"<< /Type /Page /Parent {_PAGES} 0 R "
            f"/MediaBox [0 0 {numbers(content.width_pt, content.height_pt)}] "
            f"/Resources {self._resources(content)} /Contents {stream} 0 R"
            f" /StructParents {key}{annotations}{self._viewports(content.viewports)} >>"
        )

    def _resources(self, content: Content) -> str:
        parts = [f"/Font << /{TEXT_FONT} {_FONT} 0 R /{HALO_FONT} {_HALO} 0 R >>"]
        if content.xobjects:
            parts.append(f"/XObject << {' '.join(f'/X{one} {one} 0 R' for one in content.xobjects)} >>")
        if content.opacities:
            states = (f"/G{one} << /ca {number(one / 100)} >>" for one in content.opacities)
            parts.append(f"/ExtGState << {' '.join(states)} >>")
        if content.layers:
            names = (f"/L{at} {self._layer(name)} 0 R" for at, name in enumerate(content.layers))
            parts.append(f"/Properties << {' '.join(names)} >>")
        return f"<< {' '.join(parts)} >>"

    def _layer(self, name: str) -> int:
        if name not in self._layers:
            self._layers[name] = self._new(f"<< /Type /OCG /Name {text_string(name)} >>")
        return self._layers[name]

    def _annotate(self, at: int, key: int, link: Link) -> None:
        """Write the annotation of a link, or keep it until it is known into which file it leads."""
        name = link.target[1:]
        if link.target.startswith("#") and name not in self._destinations and name not in self._elsewhere:
            self._unsettled.append((at, key, link))
            self._end_bytes += _link_bytes(link)
        else:
            self._write(at, self._annotation(key, link))

    def _annotation(self, key: int, link: Link) -> str:
        goal = self._remote(link.target)
        if goal:
            action = _remote_action(goal)
        elif link.target.startswith("#"):
            self._targets.add(link.target[1:])
            action = f"/Dest {byte_string(link.target[1:])}"
        else:
            action = f"/A << /S /URI /URI {text_string(link.target)} >>"
        words = f" /Contents {text_string(link.words)}" if link.words else ""
        rectangle = f"/Rect [{numbers(*link.edges_pt)}] /Border [0 0 0]"
        return f"<< /Type /Annot /Subtype /Link {rectangle} /StructParent {key}{words} {action} >>"

    def _remote(self, target: str) -> Remote | None:
        """Where a link within the book leads, if not into this file."""
        name = target[1:] if target.startswith("#") else ""
        return self._elsewhere.get(name) if name and name not in self._destinations else None

    def _add_destination(self, name: str, page: int, top_pt: float | None) -> None:
        if name in self._destinations:
            raise ValueError(f"destination {name!r} is named twice")
        self._end_bytes += _NAME_BYTES + 2 * len(name.encode("utf-8"))
        self._destinations[name] = (page, -1.0 if top_pt is None else top_pt)

    # -- georeference ------------------------------------------------------------------------------------

    def _viewports(self, viewports: Iterable[Viewport]) -> str:
        words = " ".join(map(self._viewport, viewports))
        return f" /VP [{words}]" if words else ""

    def _viewport(self, one: Viewport) -> str:
        shares = " ".join(numbers(*corner, decimals=8) for corner in one.lpts)
        ground = " ".join(numbers(lat, lon, decimals=10) for lon, lat in one.gpts_lonlat)
        return (
            f"<< /Type /Viewport /Name {text_string(one.name)} /BBox [{numbers(*one.edges_pt, decimals=4)}] "
            f"/Measure << /Type /Measure /Subtype /GEO /Bounds [{shares}] /LPTS [{shares}] "
            f"/GPTS [{ground}] /GCS {self._system(one.crs)} 0 R >> >>"
        )

    def _system(self, crs: str) -> int:
        if crs not in self._systems:
            self._systems[crs] = self._new(coordinate_system(crs))
        return self._systems[crs]

    # -- the end -----------------------------------------------------------------------------------------

    def _finish(self) -> None:
        for one in self._unsettled:
            self._write(one[0], self._annotation(*one[1:]))
        unknown = sorted(self._targets - self._destinations.keys())
        if unknown:
            raise ValueError(f"links lead to destinations nobody named: {', '.join(unknown[:5])}")
        self._write_font()
        kids = " ".join(f"{page} 0 R" for page, _ in self._pages)
        self._write(_PAGES, f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>")
        self._write_metadata()
        self._write(_DOCUMENT, structure.document(_STRUCTURE, self._sections))
        parents = self._parents.finish()
        self._write(_STRUCTURE, structure.structure_root(_DOCUMENT, parents, self._parents.next_key))
        self._write(_CATALOG, self._catalog())
        self._write_trailer()

    def _write_font(self) -> None:
        font, used = self.font, self._characters
        name = font.subset_name(used)
        key, kind = ("FontFile2", "") if font.truetype else ("FontFile3", "/Subtype /CIDFontType0C")
        program = self._stream(kind, font.subset(used))
        box = numbers(*(1000 * one for one in font.bbox_em), decimals=0)
        ascent, descent, cap = font.ascent_em * 1000, font.descent_em * 1000, font.cap_height_em * 1000
        descriptor = self._new(
            f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 "
            f"/Ascent {number(ascent)} /Descent {number(descent)} /CapHeight {number(cap)} /StemV 80 "
            f"/{key} {program} 0 R >>"
        )
        map_to = " /CIDToGIDMap /Identity" if font.truetype else ""
        descendant = self._new(
            f"<< /Type /Font /Subtype /CIDFontType{2 if font.truetype else 0} /BaseFont /{name}{map_to} "
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/FontDescriptor {descriptor} 0 R /DW 1000 /W [{_widths(font, used)}] >>"
        )
        # A halo is drawn before its words, glyph by glyph: its codes map to no text, so that words are read once.
        for at, heard in ((_FONT, True), (_HALO, False)):
            unicode_map = self._stream("", font.to_unicode(used, heard))
            self._write(
                at,
                f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
                f"/DescendantFonts [{descendant} 0 R] /ToUnicode {unicode_map} 0 R >>",
            )

    def _write_metadata(self) -> None:
        given = {"Title": self.title, "Subject": self._subject, "Author": self._author, "Producer": PRODUCER}
        entries = " ".join(f"/{key} {text_string(words)}" for key, words in given.items() if words)
        self._write(_INFO, f"<< {entries} >>")
        xmp = _xmp(self.title, self._subject, self._author, self.language)
        self._raw_stream("/Type /Metadata /Subtype /XML", xmp, _METADATA)

    def _catalog(self) -> str:
        labels = " ".join(f"{at} << /P {text_string(label)} >>" for at, (_, label) in enumerate(self._pages))
        return (
            f"<< /Type /Catalog /Pages {_PAGES} 0 R /Lang {text_string(self.language)} "
            f"/Metadata {_METADATA} 0 R /ViewerPreferences << /DisplayDocTitle true >> "
            f"/MarkInfo << /Marked true >> /StructTreeRoot {_STRUCTURE} 0 R "
            f"/PageLabels << /Nums [{labels}] >>{self._names()}{self._outline()}{self._layer_list()} >>"
        )

    def _names(self) -> str:
        if not self._destinations:
            return ""
        rows = sorted((name.encode("utf-8"), name) for name in self._destinations)
        words = " ".join(f"{byte_string(name)} {self._goal(*self._destinations[name])}" for _, name in rows)
        return f" /Names << /Dests << /Names [{words}] >> >>"

    def _goal(self, page: int, top_pt: float) -> str:
        return f"[{page} 0 R /Fit]" if top_pt < 0 else f"[{page} 0 R /XYZ null {number(top_pt)} null]"

    def _outline(self) -> str:
        if not self._entries:
            return ""
        root = self._reserve()
        rows = {-1: root} | {row: self._reserve() for row in range(len(self._entries))}
        children: dict[int, list[int]] = {row: [] for row in rows}
        for row, entry in enumerate(self._entries):
            children[entry.parent].append(row)
        for row, entry in enumerate(self._entries):
            self._write(rows[row], _outline_item(entry, row, rows, children))
        top = children[-1]
        ends = f"/First {rows[top[0]]} 0 R /Last {rows[top[-1]]} 0 R"
        self._write(root, f"<< /Type /Outlines {ends} /Count {len(top)} >>")
        return f" /Outlines {root} 0 R /PageMode /UseOutlines"

    def _layer_list(self) -> str:
        if not self._layers:
            return ""
        all_of_them = " ".join(f"{one} 0 R" for one in self._layers.values())
        return f" /OCProperties << /OCGs [{all_of_them}] /D << /Order [{all_of_them}] >> >>"

    def _write_trailer(self) -> None:
        start = self._at
        if 0 in self._offsets[1:]:
            raise ValueError(f"object {self._offsets[1:].index(0) + 1} is named and was never written")
        rows = "".join(f"{one:010d} 00000 n \n" for one in self._offsets[1:])
        size = len(self._offsets)
        self._put(f"xref\n0 {size}\n0000000000 65535 f \n{rows}".encode("ascii"))
        mark = self._digest.hexdigest()[:32].upper()
        self._put(
            f"trailer\n<< /Size {size} /Root {_CATALOG} 0 R /Info {_INFO} 0 R "
            f"/ID [<{mark}> <{mark}>] >>\nstartxref\n{start}\n%%EOF\n".encode("ascii")
        )


def page_operators(content: Content) -> bytes:
    """The content stream of a page, with the marks of its structure."""
    return structure.marked(content.below, bool(content.description), content.operators)


def _link_bytes(link: Link) -> int:
    return _LINK_BYTES + 4 * len(link.words) + 2 * len(link.target.encode("utf-8"))


@cache
def coordinate_system(crs: str) -> str:
    """The dictionary of a CRS (an EPSG code or WKT): its EPSG code where it has one, and WKT as Esri writes it."""
    system = CRS.from_user_input(crs)
    kind = "PROJCS" if system.is_projected else "GEOGCS"
    code = system.to_epsg()
    known = f" /EPSG {code}" if code else ""
    return f"<< /Type /{kind}{known} /WKT {text_string(system.to_wkt('WKT1_ESRI'))} >>"


def _widths(font: Font, characters: Iterable[str]) -> str:
    widths = {font.codes[one]: number(1000 * font.advances_em[one]) for one in characters}
    return " ".join(f"{code} [{width}]" for code, width in sorted(widths.items()) if width != "1000")


def _outline_item(entry: _Entry, row: int, rows: dict[int, int], children: dict[int, list[int]]) -> str:
    beside = children[entry.parent]
    at = bisect_left(beside, row)
    words = f"/Title {text_string(entry.title)} /Parent {rows[entry.parent]} 0 R {_goal_of(entry.page)}"
    if at > 0:
        words += f" /Prev {rows[beside[at - 1]]} 0 R"
    if at + 1 < len(beside):
        words += f" /Next {rows[beside[at + 1]]} 0 R"
    if children[row]:
        ends = children[row]
        words += f" /First {rows[ends[0]]} 0 R /Last {rows[ends[-1]]} 0 R /Count -{len(ends)}"
    return f"<< {words} >>"


def _goal_of(page: PageRef | Remote) -> str:
    return f"/Dest [{page.number} 0 R /Fit]" if isinstance(page, PageRef) else _remote_action(page)


def _remote_action(goal: Remote) -> str:
    """A page of another file, by its index: names of destinations in other files are not followed by every reader."""
    file = f"<< /Type /Filespec /F {text_string(goal.file)} /UF {text_string(goal.file)} >>"
    return f"/A << /S /GoToR /F {file} /D [{goal.index} /Fit] /NewWindow true >>"


def _xmp(title: str, subject: str, author: str, language: str) -> bytes:
    def alternative(tag: str, words: str) -> str:
        item = f'<rdf:li xml:lang="x-default">{escape(words)}</rdf:li>'
        return f"<{tag}><rdf:Alt>{item}</rdf:Alt></{tag}>" if words else ""

    creator = f"<dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>" if author else ""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:pdf="http://ns.adobe.com/pdf/1.3/">'
        f"{alternative('dc:title', title)}{alternative('dc:description', subject)}{creator}"
        f"<dc:language><rdf:Bag><rdf:li>{escape(language)}</rdf:li></rdf:Bag></dc:language>"
        f"<pdf:Producer>{PRODUCER}</pdf:Producer>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()
