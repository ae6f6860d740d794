"""Out and back for a province: 183 checklists of 200,000 rows written, filled in, returned and collected."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path

import numpy as np
import shapely

from pipeline.campaign import Files
from pipeline.collect.inbox import arrived
from pipeline.engine.digest import file_digest
from pipeline.forms.form import Form, load_form
from pipeline.forms.workbook import Note, write_checklist
from pipeline.geometry.identity import check_character
from pipeline.io.tables import layer_table, write_parquet
from pipeline.layers import PIECES
from pipeline.records import CampaignFacts, County, Office, Piece
from pipeline.stages.collect import Section, Task, work
from tests.bench.clock import peak_mb, user_s

COUNTIES, ROWS = 183, 200_000
FACTS = CampaignFacts(
    "2025Q3", "2025年第三季度土地卫片执法检查", "cn", "zh", date(2025, 10, 8), Office(unit="某省自然资源厅"), "mu",
    "EPSG:4490", True,
)  # fmt: skip
_SIDE = 0.0005  # degrees


def main() -> None:
    """Each step in a process of its own, so that its memory is its own."""
    if len(sys.argv) > 3 and sys.argv[1] == "step":
        _STEPS[sys.argv[2]](Path(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for step in _STEPS:
            subprocess.run([sys.executable, "-m", "tests.bench.returns", "step", step, folder], check=True)


def written(folder: Path) -> None:
    """The checklists as they are handed out."""
    form = load_form("verification_cn")
    (folder / "out").mkdir()
    cpu = sum(user_s(lambda mine=mine: _checklist(folder / "out", form, *mine))[0] for mine in _counties())
    size = sum(one.stat().st_size for one in (folder / "out").iterdir()) / 1e6
    print(f"written: {COUNTIES} workbooks, {ROWS:,} rows: {cpu:.0f} s user, {size:.0f} MB, peak {peak_mb():.0f} MB")


def filled(folder: Path) -> None:
    """The same filled in, as they come back (every tenth names photos that did not come), and the tables."""
    form, files = load_form("verification_cn"), Files(folder / "archive", folder / "work")
    files.returns.mkdir(parents=True)
    pieces: list[Piece] = []
    for county, mine in _counties():
        notes = {one.patch_uid: Note("-", "", _answer(one)) for one in mine}
        write_checklist(files.returns / f"{county.code}.xlsx", form, FACTS, county, mine, {}, notes)
        pieces += mine
    columns = {name: [getattr(one, name, None) for one in pieces] for name in PIECES.columns}
    shapes = np.array([one.geometry for one in pieces], object)
    write_parquet(files[PIECES], layer_table(PIECES, columns, shapes, FACTS.crs))


def collected(folder: Path) -> None:
    """The whole stage, and once more where every return was read before."""
    files = Files(folder / "archive", folder / "work")
    inbox = tuple(arrived(files.returns, file_digest))
    task = Task(files, FACTS, "verification_cn", "bench", inbox, Section(), (), (), {})
    for name in ("collected", "collected again"):
        own, children = _cpu_s(resource.RUSAGE_SELF), _cpu_s(resource.RUSAGE_CHILDREN)
        tally = work(task).tally
        own, children = _cpu_s(resource.RUSAGE_SELF) - own, _cpu_s(resource.RUSAGE_CHILDREN) - children
        child_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"{name}: {own + children:.0f} s user and system ({children:.0f} in children that read), "
            f"peak {peak_mb():.0f} MB, of a child {child_mb:.0f} MB"
        )
        assert tally == {"open": 0, "answered": ROWS, "conflict": 0, "unmatched": 0}, tally


_STEPS = {"written": written, "filled": filled, "collected": collected}


def _cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _counties() -> Iterator[tuple[County, list[Piece]]]:
    for at in range(COUNTIES):
        code = f"{420100 + at}"
        count = ROWS // COUNTIES + (at < ROWS % COUNTIES)
        west, south = 108.0 + 0.3 * (at % 20), 29.0 + 0.3 * (at // 20)
        county = County(code, f"{at + 1}号县", "云州市", "某省", shapely.box(west, south, west + 0.3, south + 0.3))
        yield county, [_piece(county, at * 10_000 + seq, seq, west, south) for seq in range(1, count + 1)]


def _piece(county: County, number: int, seq: int, west: float, south: float) -> Piece:
    core = np.base_repr(number, 32).rjust(12, "0").translate(_BASE32)
    x, y = west + 0.007 * (seq % 40), south + 0.007 * (seq // 40)
    outline = shapely.box(x, y, x + _SIDE, y + _SIDE)
    known = {
        "patch_uid": f"{FACTS.id}-{core}{check_character(core)}", "patch_no": f"{county.code}2025{seq:06d}",
        "piece_no": 1, "piece_count": 1, "county_code": county.code, "county_name": county.name, "own": True,
        "seq": seq, "asked": True, "not_asked_reason": "", "area_m2": 2650.0 + seq, "patch_area_m2": 2650.0 + seq,
        "area_share": 1.0, "lon_deg": x + _SIDE / 2, "lat_deg": y + _SIDE / 2, "geometry": outline, "town": "大悟乡",
        "village": f"第{seq % 60}村", "patch_type": "11", "phase_before": "2025-03-14", "phase_after": "2025-09-02",
    }  # fmt: skip
    return Piece(**{one.name: known[one.name] for one in fields(Piece) if one.name in known})  # type: ignore[arg-type]


_BASE32 = str.maketrans("0123456789ABCDEFGHIJKLMNOPQRSTUV", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def _answer(one: Piece) -> dict[str, str]:
    """All that is due: a lawful row with its document, an unlawful one with its case."""
    legal = one.seq % 3 > 0
    number = f"云自然资批〔2024〕{one.county_code}{one.seq}号"
    approved = {"conv_authority": "某省人民政府", "conv_no": number, "conv_date": "2024-05-06", "conv_area": "4"}
    case = {"plan_ok": "part", "handling": "case", "stop_notice_no": f"停{one.seq}", "stop_notice_date": "2025-10-21"}
    case |= {"case_no": f"立{one.seq}", "case_date": "2025-10-22"}
    return {
        "verdict": "legal" if legal else "illegal", "verdict_sub": "legal.prior" if legal else "illegal.unreported",
        "actual_use": "housing", "built_state": "built", "used": "3.5", "used_farmland": "0.5",
        "finding_remark": f"{number}，现场已核实", "user_name": f"第{one.seq % 60}村某公司",
        "photos": "2张" if one.seq % 10 else f"{one.seq}a.jpg、{one.seq}b.jpg",
        "checker": "李明", "checked_on": f"2025-10-{1 + one.seq % 28:02d}", **(approved if legal else case),
    }  # fmt: skip


def _checklist(folder: Path, form: Form, county: County, pieces: list[Piece]) -> None:
    pages = {one.patch_uid: one.seq + 2 for one in pieces}
    write_checklist(folder / f"{county.code}.xlsx", form, FACTS, county, pieces, pages)


if __name__ == "__main__":
    if size := os.environ.get("TUBAN_BENCH_COUNTIES"):  # a smaller province, to look at
        COUNTIES, ROWS = int(size), int(size) * 1_093
    main()
