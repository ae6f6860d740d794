"""One campaign made once, and one run over every fault: its outcome is read by many tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.builders import FAULTS
from tests.faults.campaign import Happened, build_all, copied, ingested, make_campaign


@pytest.fixture(scope="session")
def campaign_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose counties and good delivery are parsed already; nobody writes into it."""
    campaign = make_campaign(tmp_path_factory.mktemp("faults") / "campaign")
    ingested(campaign, "ingest")
    return campaign


@pytest.fixture
def campaign(campaign_master: Path, tmp_path: Path) -> Path:
    """A copy of that campaign to work on."""
    return copied(campaign_master, tmp_path / "campaign")


@pytest.fixture(scope="session")
def everything(campaign_master: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Happened]:
    """The campaign with every fault in its inbox, ingested and clipped, and what happened."""
    campaign = copied(campaign_master, tmp_path_factory.mktemp("everything") / "campaign")
    (campaign.parent / "bait.geojson").write_text("{}", encoding="utf-8")
    build_all(campaign, FAULTS)
    return campaign, ingested(campaign)
