"""The short form of the sweep; the long one is `make bench BENCH=faults`."""

from __future__ import annotations

from pathlib import Path

from tests.faults.sweep import KINDS, sweep, table_of


def test_no_record_is_lost_at_any_cut_or_flip(campaign: Path, tmp_path: Path) -> None:
    """Of a damaged file every record is accepted, set aside or a duplicate, or the file is refused; cut files are
    refused or lose nothing. A flipped bit may change a value and nobody can tell: that is counted, not failed."""
    (tmp_path / "scratch").mkdir()
    outcomes = sweep(campaign, tmp_path / "scratch", 8)
    assert sum(outcomes.values()) == 16 * len(KINDS)
    assert not [one for one in outcomes if one[2] == "LOST"], table_of(outcomes)
    assert not [one for one in outcomes if one[1:] == ("cut", "altered")], table_of(outcomes)
