"""One county's book: CPU per page in the steady state, bytes a page, and whether memory is flat."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from pipeline.demo.province import make_demo
from tests.bench.clock import peak_mb, user_s
from tests.stages.runs import state, tuban


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        make_demo(folder, "small")
        for stage in ("ingest", "clip"):
            assert tuban(stage, folder / "campaign.toml").exit_code == 0
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

    def draw(count: int) -> float:
        pieces = [
            replace(own[at % len(own)], seq=at + 1, patch_uid=f"{own[at % len(own)].patch_uid}{at:05d}")
            for at in range(count)
        ]
        facts = county_facts(campaign)
        cpu, _ = user_s(
            lambda: draw_book(book, facts, county, pieces, before, after, RenderSettings(), lambda *_: None)
        )
        return cpu

    few, many = draw(20), draw(120)
    size, steady = book.stat().st_size / 120 / 1024, (many - few) * 10
    print(f"steady: {steady:.1f} ms user CPU a page with its read-back, {size:.0f} KB a page, peak {peak_mb():.0f} MB")
    print(f"start-up of a book (font, overview, index): {few - 20 * (many - few) / 100:.2f} s")
    draw(1000)
    print(f"1,000 pages: peak {peak_mb():.0f} MB")
