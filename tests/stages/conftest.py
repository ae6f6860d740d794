"""A finished campaign, made once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.stages.runs import tuban


@pytest.fixture(scope="session")
def finished_master(world_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny province with every stage run on it once; nobody writes into it."""
    from filelock import FileLock

    shared = (
        tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.mktemp("f")
    )
    folder = shared / "finished"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            made = Path(shutil.copytree(world_master, shared / "finishing", dirs_exist_ok=True))
            result = tuban("run", made / "campaign.toml")
            assert result.exit_code == 0, result.stderr
            made.rename(folder)
    return folder


@pytest.fixture
def finished(finished_master: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_master, tmp_path / "finished"))
