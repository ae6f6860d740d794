"""Nothing outside a delivery is read, and nobody is called: with all fences, and with the outermost taken down."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from pipeline.io import sandbox
from pipeline.io.drivers import parser_environment
from tests.faults.builders import FAULTS
from tests.faults.campaign import GOOD, build_all, copied, ingested, spot_of
from tests.faults.containers import gdalg, link, raster_vrt, vrt
from tests.faults.fault import Spot
from tests.faults.makers import collection, feature, writes
from tests.stages.runs import table

SECRET = "nobody-may-read-this-7f3a"
CURIOUS = [one for one in FAULTS if one.row in ("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A12", "A17", "A18", "A20")]


class Listener:
    """A server on this machine that counts who comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.hook = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.visits = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self.socket.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def bait() -> Iterator[Path]:
    """A file of a secret in the machine's folder for scratch, as GeoJSON, so that every reader could read it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bait.geojson"
        path.write_text(collection([feature(shapely.box(105.5, 34.5, 105.6, 34.6), SECRET, note=SECRET)]))
        yield path


def everything_written(campaign: Path) -> Iterator[tuple[str, bytes]]:
    """Every file the run made, and every table as text; what was received is as it came."""
    for path in (campaign.parent / "out").rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    for name in ("patches", "records", "quarantine", "counties"):
        yield name, json.dumps(table(campaign, name), ensure_ascii=False, default=str).encode()


@pytest.mark.parametrize("fence", ["namespace", "drivers"])
def test_nobody_is_called_and_no_secret_leaks(
    campaign_master: Path, tmp_path: Path, bait: Path, listener: Listener, fence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every disguise points to the bait and to the listener. Without the namespace of its own, the child could reach
    the listener: then the screens and the list of drivers stand alone."""
    campaign = copied(campaign_master, tmp_path / "campaign")
    if fence == "drivers":
        monkeypatch.setattr(sandbox, "_BEGIN", sandbox._BEGIN.replace("unshare(0x", "min(0x"))
    (campaign.parent / "bait.geojson").write_bytes(bait.read_bytes())
    build_all(campaign, CURIOUS, listener.hook)
    for at, build in enumerate((vrt, gdalg, raster_vrt)):  # the same, with bait elsewhere on the machine
        spot = spot_of(campaign, 60 + at, f"far{at}", listener.hook)
        far = replace(spot, bait=bait)
        writes(".geojson", build)(far)
    happened = ingested(campaign)
    assert happened.by_file[GOOD] == (2, 0, 0)
    assert listener.visits == 0
    assert [name for name, data in everything_written(campaign) if SECRET.encode() in data] == []
    assert not any(SECRET in one.stderr + one.stdout for one in happened.results)


_READ = "import sys, pyogrio; print(pyogrio.raw.read(sys.argv[1])[3])"


def read_plainly(path: Path, environment: dict[str, str]) -> str:
    ended = subprocess.run([sys.executable, "-c", _READ, str(path)], env=environment, capture_output=True, check=False)
    return (ended.stdout + ended.stderr).decode(errors="replace")


def test_the_bait_would_be_taken(tmp_path: Path, bait: Path, listener: Listener) -> None:
    """A plain reader does leak and does call: what the tests above do not see is there to be seen. The list of
    drivers alone stops the leak, and does not stop the call of a GeoJSON that is allowed."""
    spot = Spot(tmp_path, "x", 105.1, 34.1, bait, listener.hook)
    writes(".geojson", vrt)(spot)
    assert SECRET in read_plainly(spot.file(".geojson"), dict(os.environ))
    assert SECRET not in read_plainly(spot.file(".geojson"), dict(os.environ) | parser_environment())
    assert listener.visits == 0
    writes(".geojson", link)(spot)
    read_plainly(spot.file(".geojson"), dict(os.environ))
    assert listener.visits > 0
