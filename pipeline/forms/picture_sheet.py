"""Pictures before and after as a sheet of the workbook: a caption a patch, both pictures below, tied to their cells.

No heading row: what reads a returned workbook takes this sheet for no table.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from xlsxwriter.worksheet import Worksheet

from pipeline.forms.cells import Look, pixels, put
from pipeline.forms.columns import plain
from pipeline.forms.shots import PHASES, reading_note
from pipeline.records import Piece
from pipeline.texts import Texts

SIZE_MM = (60.0, 45.0)
_GAP_MM = 2.0
_A_PAGE = 4  # pairs on a page of paper
_PT_PER_MM = 72 / 25.4
_MOVE_WITH_CELLS = 1
_CAPTION_PT = 30  # two lines


def write_pictures(
    sheet: Worksheet, look: Look, rows: Sequence[Piece], pictures: Mapping[str, Mapping[str, bytes]], words: Texts
) -> int:
    """Write the pictures (JPEGs by patch_uid and phase) of `rows` and return of how many pieces there were any."""
    shown = [one for one in rows if pictures.get(one.patch_uid)]
    for column in range(len(PHASES)):
        sheet.set_column_pixels(column, column, pixels(SIZE_MM[0] + 2 * _GAP_MM))
    for at, piece in enumerate(shown):
        _write_pair(sheet, look, 2 * at, piece, pictures[piece.patch_uid], words)
    sheet.set_paper(9)
    sheet.set_h_pagebreaks([2 * at for at in range(_A_PAGE, len(shown), _A_PAGE)])
    sheet.center_horizontally()
    sheet.hide_gridlines(2)
    sheet.protect("")
    return len(shown)


def _write_pair(
    sheet: Worksheet, look: Look, row: int, piece: Piece, pictures: Mapping[str, bytes], words: Texts
) -> None:
    named = words.say("card.number", seq=piece.seq, patch_no=plain(piece.patch_no) or "")
    dates = {"before": piece.phase_before, "after": piece.phase_after}
    sheet.set_row(row, _CAPTION_PT)
    sheet.set_row(row + 1, (SIZE_MM[1] + 2 * _GAP_MM) * _PT_PER_MM)
    for column, (phase, above) in enumerate(zip(PHASES, (named, reading_note(piece, words)), strict=True)):
        told = f"{words[f'sheet.{phase}']} {plain(dates[phase]) or ''}".strip()
        put(sheet, row, column, f"{above}\n{told}", look.caption)
        if phase in pictures:
            _insert(sheet, row + 1, column, f"{piece.seq}_{phase}.jpg", pictures[phase])


def _insert(sheet: Worksheet, row: int, column: int, name: str, jpeg: bytes) -> None:
    options = {
        "image_data": io.BytesIO(jpeg),
        "x_offset": pixels(_GAP_MM),
        "y_offset": pixels(_GAP_MM),
        "object_position": _MOVE_WITH_CELLS,
    }
    if sheet.insert_image(row, column, name, options):
        raise ValueError(f"picture {name} was not inserted")
