"""Running the program in tests: as a person would, through the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pipeline.cli import cli


def tuban(*words: str | Path) -> Result:
    """One call of `tuban`, in this process."""
    return CliRunner().invoke(cli, [str(one) for one in words])


def run_stages(campaign: Path, *stages: str) -> None:
    for stage in stages:
        result = tuban(stage, campaign)
        assert result.exit_code == 0, result.stderr


def state(campaign: Path, name: str) -> Any:
    return json.loads((campaign.parent / "out" / ".state" / name).read_bytes())


def table(campaign: Path, name: str) -> list[dict[str, Any]]:
    from pipeline.io.tables import read_parquet

    rows: list[dict[str, Any]] = read_parquet(campaign.parent / "out" / "tables" / f"{name}.parquet").to_pylist()
    return rows


def issues(campaign: Path, *stages: str) -> Iterator[dict[str, Any]]:
    for stage in stages or ("ingest", "clip"):
        path = campaign.parent / "out" / ".state" / "issues" / f"{stage}.jsonl"
        yield from (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line)


def tree(folder: Path, *left_out: str) -> dict[str, bytes]:
    """Every product below a folder: name → bytes, without receipts and logs."""
    files = (one for one in sorted(folder.rglob("*")) if one.is_file())
    named = {one.relative_to(folder).as_posix(): one for one in files}
    return {
        name: path.read_bytes() for name, path in named.items() if not name.startswith((".state", "log", *left_out))
    }
