"""Where the products of a county lie, as seen from the page; no link to what was not published."""

from __future__ import annotations

from pipeline.accounts import CountyStatus
from pipeline.morning.markup import Markup, escaped, is_file_name, tag


def county_folder(one: CountyStatus) -> str | None:
    """The county's folder, None where there is none or its code cannot be a file name."""
    return f"../counties/{one.code}/" if one.published and is_file_name(one.code) else None


def product_link(one: CountyStatus, product: str, words: str) -> Markup:
    """`words` as a link to `<code>_<product>` where the county's folder was published, else as they are."""
    folder = county_folder(one)
    return tag("a", words, href=f"{folder}{one.code}_{product}") if folder else escaped(words)
