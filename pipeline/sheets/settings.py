"""How a book is to be made: the section `[render]` of a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.sheets.scale import SERIES


@dataclass(frozen=True)
class RenderSettings:
    """What an office may decide about its books; layouts and style are names in `config/`, or files of its own."""

    detail_layout: str = "detail_a4"
    overview_layout: str = "overview_a3"
    index_layout: str = "index_a3"
    style: str = "standard"
    font: str = ""  # the path of an office's own font; "" = the committed one
    qr: str = "id"  # "id": the patch_uid | "off" | a URL with {uid}, {county_code}, {campaign}
    map_sheets: Literal["", "gbt13989", "utm", "off"] = ""  # "": GB/T 13989 on CGCS2000, elsewhere the UTM grid
    sheet_images: Literal["", "png", "jpeg"] = ""  # beside the book: both frames of each page, with world files
    overview_imagery: Literal["none", "before", "after"] = "none"  # under the overviews, toned down
    overview_pdf: bool = False  # beside the book: the overview alone, small enough for a phone
    vertices: Literal["page", "following", "none"] = "page"  # corners J1 … Jn: where the layout has
    # their table, on pages that follow all sheets, or nowhere
    vertices_layout: str = "vertices_a4"  # of the pages that follow
    book_by: Literal["county", "town"] = "county"  # pages by number | by town, village, number, each town a file
    part_mb: int = 80  # a file of a book holds at most so many millions of bytes, then comes another; 0: one file
    tally: Literal["town", "type"] = "town"  # what an overview counts by; by type where no towns are known
    sheet_lines: bool = True  # the standard sheets (or squares of the UTM grid) thin on an overview, with their numbers
    verdicts: tuple[str, ...] = ()  # the check boxes of the verification box; () = those of the profile
    scales: tuple[int, ...] = SERIES
    fill_share: float = 0.55  # a patch takes at most this share of the frame's width and height
    pixel_mm: float = 0.5  # a native pixel is at most this long on paper, within one per cent
    default_pixel_m: float = 2.0  # where there is no imagery under the patch
    crowd: int = 500  # an overview numbers at most so many pieces, then cluster pages do
    cluster_share: float = 0.25  # where pieces fill less of the overview's frame, clusters get their pages
    cluster_pieces: int = 5  # fewer pieces are read on the overview
    misregistration: bool = True  # how far the imagery of the two dates lies apart is measured and said
    cloud_share: float = 0.1  # where more of a frame is bright and colourless, it says "possible cloud"; 1: never
    line_mm: float = 0.02  # outlines are thinned below this distance on paper
    cache_mb: int = 64  # decoded imagery kept at a time

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        if self.part_mb < 0:
            raise ValueError("part_mb is at least 0")
        if not 0 <= self.cloud_share <= 1:
            raise ValueError("cloud_share is between 0 and 1")
