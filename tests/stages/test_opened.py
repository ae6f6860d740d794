"""`tuban verify` tells a GeoPackage that was merely opened from a changed one; what it cannot know is altered."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.stages.runs import tuban


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as base:
        for one in statements:
            base.execute(one)
        base.commit()


def test_what_was_opened_is_not_what_was_changed(finished: Path) -> None:
    out = finished / "out"
    code = sorted(one.name for one in (out / "counties").iterdir())[0]
    path = out / "counties" / code / "patches.gpkg"
    run_sql(path, "PRAGMA journal_mode=WAL", "PRAGMA journal_mode=DELETE", "UPDATE gpkg_contents SET min_x = min_x - 1")
    for place in (out, path.parent):
        result = tuban("verify", place)
        assert (result.exit_code, "was altered" in result.stdout) == (0, False)
        assert "patches.gpkg was opened by another program; its contents are the same" in result.stdout
        assert "0 problems" in result.stderr

    away = Path(shutil.copytree(path.parent, finished / "stick" / code))
    result = tuban("verify", away)
    assert (result.exit_code, "patches.gpkg was altered" in result.stdout) == (3, True)

    run_sql(path, "UPDATE layer_styles SET styleName = 'mine'")
    result = tuban("verify", out)
    assert (result.exit_code, "patches.gpkg was altered" in result.stdout) == (3, True)
    path.write_bytes(b"no GeoPackage")
    assert tuban("verify", out).exit_code == 3
