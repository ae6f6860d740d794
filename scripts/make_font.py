"""Make `config/fonts/TubanSans-SC.otf`, the one font of every sheet, from Debian's package `fonts-noto-cjk`.

    python scripts/make_font.py [NotoSansCJK-Regular.ttc]

What is taken: the face "Noto Sans CJK SC" of the collection, outlines and metrics untouched, restricted to the
characters below. What is left out: hints (paper needs none), layout features and vertical metrics (labels are
set horizontally, glyph by glyph), subroutines (resolved, so that the subset for one PDF is a copy of
charstrings). The same package gives the same bytes; test_fonts.py asks the committed file for what it promises.

Licence: SIL OFL 1.1 (config/fonts/OFL.txt). Noto names no Reserved Font Name, so a modified version may keep
its name; it does, because a reader of a PDF's font list should recognise it.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TARGET = Path(__file__).resolve().parent.parent / "config" / "fonts" / "TubanSans-SC.otf"
FACE = "Noto Sans CJK SC"
TABLES_DROPPED = ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx"]

BLOCKS = [
    range(0x0020, 0x007F),  # ASCII
    range(0x00A0, 0x0180),  # Latin-1, Latin Extended-A
    range(0x0370, 0x0400),  # Greek
    range(0x0400, 0x0460),  # Cyrillic
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
    """The code points the font shall have, where the face has them."""
    return set(chain(*BLOCKS)) | two_byte("gbk") | two_byte("gb18030") | set(map(ord, TABLE_2013_EXTENSION_A))


def face(collection: Path) -> TTFont:
    """The wanted face of the collection."""
    names = [one["name"].getDebugName(4) for one in TTCollection(str(collection), lazy=True).fonts]
    return TTFont(str(collection), fontNumber=names.index(FACE), lazy=True, recalcTimestamp=False)


def main(source: Path, target: Path) -> None:
    options = subset.Options(hinting=False, desubroutinize=True, layout_features=[], name_IDs=["*"])
    options.drop_tables += TABLES_DROPPED
    options.notdef_outline = True
    font = face(source)
    reduced = subset.Subsetter(options)
    reduced.populate(unicodes=characters())
    reduced.subset(font)
    target.parent.mkdir(parents=True, exist_ok=True)
    font.save(str(target))
    print(f"{target.name}: {len(font.getBestCmap())} characters, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE, TARGET)
