"""Make `config/fonts/TubanSans-SC.otf`, the one font of every sheet, from Debian's fonts-noto-cjk and fonts-noto-core.

    python scripts/make_font.py [NotoSansCJK-Regular.ttc [NotoSans-Regular.ttf]]

What is taken: the face "Noto Sans CJK SC" of the collection, outlines and metrics untouched, restricted to the
characters below; and from Noto Sans, whose stems and heights are within two hundredths of its Latin, the letters that
face lacks or has only as wide as hanzi: most of Latin beyond Latin-1, Greek, Cyrillic. What is left out: hints (paper
needs none), layout features and vertical metrics (labels are set horizontally, glyph by glyph), subroutines
(resolved, so that the subset for one PDF is a copy of charstrings). The same packages give the same bytes;
test_fonts.py asks the committed file for what it promises.

Licence: both are under the SIL OFL 1.1 (config/fonts/OFL.txt). Noto names no Reserved Font Name, so a modified version
may keep its name; it does, because a reader of a PDF's font list should recognise it.
"""

from __future__ import annotations

import sys
from itertools import chain, count
from pathlib import Path

from fontTools import subset
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTCollection, TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
LETTERS = Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf")
TARGET = Path(__file__).resolve().parent.parent / "config" / "fonts" / "TubanSans-SC.otf"
FACE = "Noto Sans CJK SC"
PROPORTIONAL = "Proportional"  # the glyph group of the face that letters join
TABLES_DROPPED = ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx"]

BLOCKS = [
    range(0x0020, 0x007F),  # ASCII
    range(0x00A0, 0x0250),  # Latin-1, Latin Extended-A and -B
    range(0x1E00, 0x1F00),  # Latin Extended Additional: Vietnamese, Welsh, transliterations
    range(0x2000, 0x2150),  # punctuation, superscripts, currencies, letterlike
    range(0x2150, 0x2300),  # number forms, arrows, operators
    range(0x2300, 0x2500),  # technical, enclosed numbers
    range(0x2500, 0x2700),  # boxes, geometric shapes, signs
    range(0x2E80, 0x2FE0),  # radicals: share the glyphs of the hanzi
    range(0x3000, 0x3040),  # CJK punctuation
    range(0x3200, 0x3400),  # enclosed CJK, squared units such as U+33A1 (m²)
    range(0xFF00, 0xFFF0),  # full-width forms
    range(0x20000, 0x32000),  # every hanzi beyond the BMP the face has: rare names of persons and places
]
# The face has these as wide as hanzi, and few of them: they are Noto Sans's throughout, so that a word is one hand.
OF_LETTERS = [
    range(0x0300, 0x0370),  # combining marks: a name may come decomposed
    range(0x0370, 0x0400),  # Greek
    range(0x0400, 0x0530),  # Cyrillic with its supplement: Kazakh, Mongolian, Ukrainian, Serbian, …
]
# The hanzi of 通用规范汉字表 (2013) in Extension A; the rest of that table is in GBK or beyond the BMP.
TABLE_2013_EXTENSION_A = (
    "㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖"
    "䏝䏡䏲䐃䓖䓛䓨䓫䓬䗖䗛䗪䗴䜣䝙䢺䢼䣘䥽䦃䲟䲠䲢䴓䴔䴕䴖䴗䴘䴙䶮"
)


def two_byte(codec: str) -> set[int]:
    """Every character the codec writes with two bytes."""
    found: set[int] = set()
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            found.update(map(ord, bytes([lead, trail]).decode(codec, "ignore")))
    return found


def characters() -> set[int]:
    """The code points the font shall have from the face, where it has them."""
    wanted = set(chain(*BLOCKS)) | two_byte("gbk") | two_byte("gb18030") | set(map(ord, TABLE_2013_EXTENSION_A))
    return wanted - set(chain(*OF_LETTERS))


def letters(font: TTFont, source: TTFont) -> dict[int, str]:
    """Code points and glyph names of what the font takes from `source`."""
    own, offered = font.getBestCmap(), source.getBestCmap()
    small = [one for one in BLOCKS if one.stop <= 0x2300]
    return {one: offered[one] for one in sorted(set(chain(*OF_LETTERS, *small))) if one in offered and one not in own}


def add(font: TTFont, source: TTFont, wanted: dict[int, str]) -> None:
    """Glyphs of `source` at the end of the font, as charstrings of its proportional group, and their code points."""
    top = font["CFF "].cff.topDictIndex[0]
    group = next(at for at, one in enumerate(top.FDArray) if one.FontName.endswith(PROPORTIONAL))
    private, drawn = top.FDArray[group].Private, source.getGlyphSet()
    order, metrics = font.getGlyphOrder(), source["hmtx"].metrics
    taken, named = set(order), {}
    free = (name for name in map("cid{:05d}".format, count(1)) if name not in taken)
    for glyph in dict.fromkeys(wanted.values()):
        advance, bearing = metrics[glyph]
        pen = T2CharStringPen(None if advance == private.defaultWidthX else advance - private.nominalWidthX, drawn)
        drawn[glyph].draw(pen)
        named[glyph] = next(free)
        taken.add(named[glyph])
        top.CharStrings.charStrings[named[glyph]] = len(top.CharStrings.charStringsIndex)
        top.CharStrings.charStringsIndex.append(pen.getCharString(private, top.GlobalSubrs))
        top.FDSelect.gidArray.append(group)
        order.append(named[glyph])
        font["hmtx"].metrics[named[glyph]] = (advance, bearing)
    top.charset, font["maxp"].numGlyphs = order, len(order)
    font.setGlyphOrder(order)
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format != 14:
            table.cmap.update({point: named[glyph] for point, glyph in wanted.items()})


def face(collection: Path) -> TTFont:
    """The wanted face of the collection."""
    names = [one["name"].getDebugName(4) for one in TTCollection(str(collection), lazy=True).fonts]
    return TTFont(str(collection), fontNumber=names.index(FACE), lazy=True, recalcTimestamp=False)


def reduced(source: Path) -> TTFont:
    """The face with the wanted characters only."""
    options = subset.Options(hinting=False, desubroutinize=True, layout_features=[], name_IDs=["*"])
    options.drop_tables += TABLES_DROPPED
    options.notdef_outline = True
    font = face(source)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=characters())
    worker.subset(font)
    return font


def main(source: Path, more: Path, target: Path) -> None:
    font, other = reduced(source), TTFont(str(more), recalcTimestamp=False)
    wanted = letters(font, other)
    add(font, other, wanted)
    target.parent.mkdir(parents=True, exist_ok=True)
    font.save(str(target))
    size = target.stat().st_size
    print(f"{target.name}: {len(font.getBestCmap())} characters, {len(wanted)} of {more.name}, {size} bytes")


if __name__ == "__main__":
    given = [*map(Path, sys.argv[1:]), *(SOURCE, LETTERS)[len(sys.argv) - 1 :]]
    main(given[0], given[1], TARGET)
