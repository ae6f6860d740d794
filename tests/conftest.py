"""The world the tests live in: a tiny province with one of every trouble, made once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("tuban", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tuban"))


@pytest.fixture(scope="session")
def world_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny demo province as delivered; nobody writes into it."""
    from pipeline.demo.province import make_demo

    shared = (
        tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.mktemp("w")
    )
    folder = shared / "world"
    with FileLock(f"{folder}.lock"):
        if not (folder / "campaign.toml").exists():
            made = folder.with_name("world-making")
            shutil.rmtree(made, ignore_errors=True)
            make_demo(made, "tiny")
            made.rename(folder)
    return folder


@pytest.fixture
def world(world_master: Path, tmp_path: Path) -> Path:
    """A copy of the tiny province to work on."""
    return Path(shutil.copytree(world_master, tmp_path / "world"))
