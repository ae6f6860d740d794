"""What was returned is evidence: no later run writes into what is kept of it, and none touches the inbox."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from tests.stages.runs import tuban
from tests.stages.test_collect import answer, checklist, fill, returns

Seen = dict[str, tuple[bytes, int, int, int]]  # path → bytes, time of change, inode, rights


def seen(folder: Path) -> Seen:
    found = {}
    for one in sorted(folder.rglob("*")):
        if one.is_file():
            about = one.stat()
            name = one.relative_to(folder).as_posix()
            found[name] = (one.read_bytes(), about.st_mtime_ns, about.st_ino, about.st_mode)
    return found


def kept(inbox: Path) -> Seen:
    return {name: one for name, one in seen(inbox).items() if name.startswith("kept/")}


def lying(inbox: Path) -> Seen:
    return {name: one for name, one in seen(inbox).items() if not name.startswith("kept/")}


def in_wal(source: Path, target: Path) -> None:
    """A GeoPackage copied with its log while a program had it open: reading it must fold the log in."""
    work = target.with_name("work.gpkg")
    shutil.copyfile(source, work)
    with closing(sqlite3.connect(work)) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA wal_autocheckpoint=0")
        base.execute("UPDATE layer_styles SET styleName = 'mine'")
        base.commit()
        for tail in ("", "-wal", "-shm"):
            shutil.copyfile(f"{work}{tail}", f"{target}{tail}")
    work.unlink()


def send_all(world: Path, inbox: Path) -> None:
    """One return of each kind, some of which cannot be read."""
    book = checklist(world)
    fill(book, inbox / "a.xlsx", {0: answer("legal", "prior")})
    in_wal(book.parent / "patches.gpkg", inbox / "b.gpkg")
    folder = inbox / "c"
    folder.mkdir()
    fill(book, folder / "c.xlsx", {1: answer("legal", "prior")})
    with zipfile.ZipFile(inbox / "d.zip", "w") as packed:
        packed.write(inbox / "a.xlsx", "图斑/a.xlsx")
        packed.write(book.parent / "patches.gpkg", "图斑/patches.gpkg")
    (inbox / "e.csv").write_text("图斑编号,核查结论\n1,合法\n", encoding="gb18030")
    (inbox / "f.xlsx").write_bytes(b"no workbook")
    (inbox / "g.geojson").write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")


def collected(world: Path, *more: str) -> None:
    result = tuban("collect", world / "campaign.toml", *more)
    assert result.exit_code == 0, result.stderr


def test_no_run_writes_into_the_evidence(finished: Path) -> None:
    inbox = returns(finished)
    send_all(finished, inbox)
    sent = lying(inbox)
    collected(finished)
    first = kept(inbox)
    digests = {name for name in first if not name.endswith(".json")}
    assert len(digests) == 9  # a b b-wal b-shm c d e f g
    assert lying(inbox) == sent

    collected(finished, "--again")  # merged again
    shutil.rmtree(finished / "out" / ".state" / "returns")  # read again
    collected(finished, "--again")
    assert (kept(inbox), lying(inbox)) == (first, sent)

    fill(checklist(finished), inbox / "later.xlsx", {2: answer("legal", "prior")})
    (inbox / "a.xlsx").rename(inbox / "renamed.xlsx")
    sent = lying(inbox)
    for made in (".state/returns", ".state/work", "reports/returns"):
        shutil.rmtree(finished / "out" / made, ignore_errors=True)
    collected(finished)
    assert lying(inbox) == sent
    later = kept(inbox)
    assert {name: later[name] for name in first} == first
    assert len(later) - len(first) == 3  # the new file, what is said of it, and what was sent in one go
