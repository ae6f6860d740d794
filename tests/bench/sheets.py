"""One county's book: CPU per page in the steady state, bytes a page, and whether memory is flat."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely

from pipeline.records import Piece
from tests.bench.clock import peak_mb, user_s
from tests.stages.runs import state


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        # in processes of their own, so that this one's peak memory is the book's
        for words in (("demo", folder), ("ingest", folder / "campaign.toml"), ("clip", folder / "campaign.toml")):
            subprocess.run([sys.executable, "-m", "pipeline", *map(str, words)], check=True, capture_output=True)
        _measure(folder)


def _measure(folder: Path) -> None:
    from pipeline.campaign import Files
    from pipeline.config import read_campaign
    from pipeline.county_jobs import county_facts, county_slices
    from pipeline.io.slices import read_county, read_pieces, scene_of
    from pipeline.layers import COUNTIES
    from pipeline.sheets.book import draw_book
    from pipeline.sheets.settings import RenderSettings

    campaign = read_campaign(folder / "campaign.toml")
    files: Files = campaign.files
    code = max(state(folder / "campaign.toml", "slices.json").items(), key=lambda one: one[1]["asked"])[0]
    one = next(each for each in county_slices(campaign) if each.code == code)
    own = [piece for piece in read_pieces(files.slice(code)) if piece.own and piece.asked]
    county = read_county(files[COUNTIES], one.rows)
    scenes = [scene_of(each) for each in one.scenes]
    before, after = ([each for each in scenes if each.phase == phase] for phase in ("before", "after"))
    book = folder / "book.pdf"

    rng = np.random.default_rng(1)
    west, south, east, north = shapely.total_bounds([piece.geometry for piece in own])

    def copy(at: int) -> Piece:
        """A piece of the county, moved to another place in it."""
        piece = own[at % len(own)]
        lon, lat = rng.uniform([west, south], [east, north]).tolist()
        dx, dy = lon - piece.lon_deg, lat - piece.lat_deg
        moved = shapely.transform(piece.geometry, lambda xy: xy + [dx, dy])
        place = {"lon_deg": lon, "lat_deg": lat, "geometry": moved}
        return replace(piece, seq=at + 1, patch_uid=f"{piece.patch_uid}{at:05d}", **place)

    def draw(count: int) -> float:
        pieces, facts = [copy(at) for at in range(count)], county_facts(campaign)
        cpu, _ = user_s(
            lambda: draw_book(book, facts, county, pieces, before, after, RenderSettings(), lambda *_: None)
        )
        return cpu

    few, many = draw(20), draw(120)
    size, steady = book.stat().st_size / 120 / 1024, (many - few) * 10
    print(f"steady: {steady:.1f} ms user CPU a page with its read-back, {size:.0f} KB a page, peak {peak_mb():.0f} MB")
    print(f"start-up of a book (font, overview, index): {few - 20 * (many - few) / 100:.2f} s")
    draw(1_000)
    print(f"1,000 pages: peak {peak_mb():.0f} MB")
