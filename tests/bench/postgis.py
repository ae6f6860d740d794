"""Clip against PostGIS: the same counties and patches, the same pairs and areas, user CPU of its server against ours.

The server is started here for the bench alone, in a temporary folder, reachable by a socket in that folder only. It is
given what helps it: no durability, memory enough, and no parallel workers and no JIT, since it is CPU that is compared.

The query is the best of those tried. Counties are subdivided to 256 vertices, stored without compression and indexed,
as the patches are. Parts and patches meet by their boxes; a patch that a part covers passes untouched (ST_Covers, which
prepares the part), any other is intersected with the part at once, and what falls to one county is united where there
is more than one part of it. Points and lines of touching are left out. At 10^5 patches it takes 5.1 s; 8.0 s where
parts are kept beside their patches for a later step, and that was 9.1 s with 128 vertices, 9.5 s with 64, 8.5 s with
ST_Intersects before ST_Intersection, and 8.8 s with it in place of the boxes.
"""

from __future__ import annotations

import os
import pwd
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from pipeline.geometry.area import Ellipsoid, area_m2
from pipeline.geometry.clip import clip
from pipeline.geometry.ground import ground_of
from tests.bench.clip import counties, patches
from tests.bench.clock import user_s

SIDE, VERTICES = 54, 1_100  # 2,916 counties, 12.8 million vertices
E = Ellipsoid()
NEEDED = "apt-get install postgresql postgresql-15-postgis-3"
PROGRAMS = Path("/usr/lib/postgresql")
SETTINGS = (
    "listen_addresses=", "shared_buffers=2GB", "work_mem=1GB", "maintenance_work_mem=1GB", "jit=off", "autovacuum=off",
    "max_parallel_workers_per_gather=0", "max_parallel_maintenance_workers=0", "fsync=off", "synchronous_commit=off",
    "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=8GB",
)  # fmt: skip
COUNTIES = """
    DROP TABLE IF EXISTS county;
    CREATE UNLOGGED TABLE county (county integer, geom geometry);
    COPY county FROM '{folder}/county' (FORMAT binary)"""
PARTS = """
    DROP TABLE IF EXISTS part;
    CREATE UNLOGGED TABLE part (county integer, geom geometry);
    ALTER TABLE part ALTER geom SET STORAGE PLAIN;
    INSERT INTO part SELECT county, ST_Subdivide(geom, 256) FROM county;
    CREATE INDEX ON part USING gist (geom);
    ANALYZE part"""
PATCHES = """
    DROP TABLE IF EXISTS patch;
    CREATE UNLOGGED TABLE patch (patch integer, geom geometry);
    COPY patch FROM '{folder}/patch' (FORMAT binary)"""
INDEX = """
    CREATE INDEX ON patch USING gist (geom);
    ANALYZE patch"""
QUERY = """
    DROP TABLE IF EXISTS piece;
    CREATE UNLOGGED TABLE piece AS
    WITH met AS (
        SELECT patch, county, patch.geom AS shape, part.geom AS ground, ST_Covers(part.geom, patch.geom) AS whole
        FROM part JOIN patch ON part.geom && patch.geom OFFSET 0),
    cut AS MATERIALIZED (
        SELECT patch, county, whole,
            CASE WHEN whole THEN shape ELSE ST_CollectionExtract(ST_Intersection(shape, ground), 3) END AS geom
        FROM met)
    SELECT patch, county, geom FROM cut WHERE whole
    UNION ALL
    SELECT patch, county, CASE WHEN count(*) = 1 THEN (array_agg(geom))[1] ELSE ST_Union(geom) END
    FROM cut WHERE NOT whole AND NOT ST_IsEmpty(geom) GROUP BY patch, county"""
RESULT = "COPY (SELECT patch, county, ST_AsBinary(geom) FROM piece) TO '{folder}/piece' (FORMAT binary)"
STEPS = {"load": PATCHES, "index": INDEX, "query": QUERY}
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)


@dataclass(frozen=True)
class Server:
    """A running cluster: its folder, which holds the socket too, and the process that owns all others."""

    folder: Path
    programs: Path
    process: int

    def say(self, statements: str) -> float:
        """Carry out statements; the user CPU seconds the server spent on them."""
        before = self._user_s()
        words = [str(self.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder)]
        words += ["-d", "postgres", "-c", "SET client_min_messages = warning"]
        for one in statements.format(folder=self.folder).split(";"):
            words += ["-c", one]
        subprocess.run(_as_server(words), check=True, cwd=self.folder)
        time.sleep(0.3)  # until the backend has ended and its time is the postmaster's children's
        return self._user_s() - before

    def _user_s(self) -> float:
        """Of the postmaster, of its children that have ended, and of those that run."""
        stats = [_stat(one) for one in Path("/proc").glob("[0-9]*")]
        own = sum(one.user + one.ended for one in stats if one.process == self.process)
        return (own + sum(one.user for one in stats if one.parent == self.process)) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Stat:
    process: int
    parent: int
    user: int  # ticks
    ended: int  # ticks of children that have been waited for


def _stat(folder: Path) -> _Stat:
    try:
        words = (folder / "stat").read_text().rpartition(") ")[2].split()
    except OSError:  # it has ended meanwhile
        return _Stat(0, 0, 0, 0)
    return _Stat(int(folder.name), int(words[1]), int(words[11]), int(words[13]))


def _as_server(words: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root; there it runs as Debian's own user for it."""
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else list(words)


@contextmanager
def server(programs: Path) -> Iterator[Server]:
    """A cluster of the bench's own; stopped by its process number and deleted, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        control = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w", "-s"]
        options = " ".join(f"-c {one}" for one in (*SETTINGS, f"unix_socket_directories={folder}"))
        make = [str(programs / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", _owner(), "-N", "--locale=C"]
        subprocess.run(_as_server(make), check=True, capture_output=True, cwd=folder)
        start = [*control, "-l", str(folder / "log"), "-o", options, "start"]
        lock = folder / "data/postmaster.pid"
        try:
            subprocess.run(_as_server(start), check=True, cwd=folder)
            yield Server(folder, programs, _process(lock))
        finally:
            if lock.exists():
                _stop(_process(lock))


def _process(lock: Path) -> int:
    return int(lock.read_text().split()[0])


def _owner() -> str:
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _stop(process: int) -> None:
    """Fast shutdown, and wait until it is gone."""
    os.kill(process, signal.SIGINT)
    for _ in range(600):
        if not Path(f"/proc/{process}").exists():
            return
        time.sleep(0.1)
    os.kill(process, signal.SIGQUIT)


def programs() -> Path | None:
    """The folder of the newest PostgreSQL that has PostGIS."""
    found = [one for one in PROGRAMS.glob("*/bin") if (one.parent / "lib/postgis-3.so").exists()]
    return max(found, key=lambda one: int(one.parent.name), default=None)


def write_rows(path: Path, shapes: np.ndarray[Any, Any]) -> None:
    """A file for COPY: row number and WKB."""
    with path.open("wb") as file:
        file.write(_SIGNATURE)
        for at, wkb in enumerate(shapely.to_wkb(shapes).tolist()):
            file.write(struct.pack(">hiii", 2, 4, at, len(wkb)) + wkb)
        file.write(struct.pack(">h", -1))


def read_pieces(path: Path) -> tuple[list[tuple[int, int]], np.ndarray[Any, Any]]:
    """What COPY wrote: pairs of patch and county, and the shapes."""
    data, at = path.read_bytes(), len(_SIGNATURE)
    pairs, shapes = [], []
    while data[at : at + 2] == b"\0\3":
        _, patch, _, county, size = struct.unpack_from(">iiiii", data, at + 2)
        shapes.append(data[at + 22 : at + 22 + size])
        pairs.append((patch, county))
        at += 22 + size
    return pairs, shapely.from_wkb(np.array(shapes, object))


def measure(base: Server, border: np.ndarray[Any, Any], once_s: float, count: int) -> None:
    shapes = patches(count, SIDE, 2)
    area = area_m2(shapes, E)
    write_rows(base.folder / "patch", shapes)
    spent = {name: base.say(statements) for name, statements in STEPS.items()}
    ours_s, cut = user_s(lambda: clip(shapes, area, ground_of(border, count), E), 2 if count < 1_000_000 else 1)
    base.say(RESULT)
    pairs, pieces = read_pieces(base.folder / "piece")
    theirs = dict(zip(pairs, area_m2(pieces, E).tolist(), strict=True))
    our_pairs = zip(cut.piece_patch.tolist(), cut.piece_county.tolist(), strict=True)
    ours = dict(zip(our_pairs, cut.piece_area_m2.tolist(), strict=True))
    worst = max(abs(ours[key] - theirs[key]) / area[key[0]] for key in ours.keys() & theirs.keys())
    query, whole = spent["query"], once_s + sum(spent.values())
    print(
        f"{count:>9,} patches: ours {ours_s:.2f} s; PostGIS query {query:.2f} s, {query / ours_s:.1f}x; with the load "
        f"({spent['load']:.2f} s) and index ({spent['index']:.2f} s) of patches and the counties' {whole:.1f} s, "
        f"{whole / ours_s:.1f}x; pairs {len(ours)} and {len(theirs)} ({len(pairs) - len(theirs)} twice), different "
        f"{len(ours.keys() ^ theirs.keys())}; largest area difference {worst:.1e} of the patch",
        flush=True,
    )


def main() -> None:
    found = programs()
    if found is None:
        print(f"PostgreSQL with PostGIS is not on this machine, nothing is compared; to have it: {NEEDED}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped then too
    border = counties(SIDE, VERTICES, 1)
    with server(found) as base:
        write_rows(base.folder / "county", border)
        base.say("CREATE EXTENSION postgis")
        load_s, parts_s = base.say(COUNTIES), base.say(PARTS)
        print(
            f"PostGIS: {len(border):,} counties loaded in {load_s:.2f} s, subdivided and indexed in {parts_s:.2f} s",
            flush=True,
        )
        for count in (10_000, 100_000, 1_000_000):
            measure(base, border, load_s + parts_s, count)


if __name__ == "__main__":
    main()
