"""Everything the roll-up says, from the layers of collect and the states of the counties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.accounts import CountyStatus
from pipeline.forms.form import Form
from pipeline.records import CampaignFacts
from pipeline.rollup.checks import faults
from pipeline.rollup.columns import Plan, asks_of, carried
from pipeline.rollup.disputes import Dispute, Stray, disputes, strays
from pipeline.rollup.levels import Unit, units
from pipeline.rollup.tally import accounts
from pipeline.texts import texts


@dataclass(frozen=True)
class Rollup:
    """The rows of the roll-up, what waits for a person, and every identity that does not hold, in words."""

    plan: Plan
    rows: tuple[Unit, ...]
    disputes: tuple[Dispute, ...]
    strays: tuple[Stray, ...]
    faults: tuple[str, ...]


def reckon(
    findings: Mapping[str, Sequence[Any]],
    returned: Sequence[Mapping[str, Any]],
    counties: Sequence[CountyStatus],
    form: Form,
    facts: CampaignFacts,
    reviews: Mapping[str, str] | None = None,
) -> Rollup:
    """Sum up what was found.

    Args:
        findings: Columns of the layer `findings` by name, without geometry.
        returned: Rows of the layer `returned`.
        counties: Every county of the county layer.
        reviews: The states that city and province give to answered pieces in words, in order.
    """
    words = texts(facts.language)
    rows = units(counties, accounts(findings, asks_of(form)))
    names = {one.code: one.name for one in counties}
    return Rollup(
        Plan(form, facts, words, carried(rows), reviews or {}),
        tuple(rows),
        tuple(disputes(_in_conflict(findings), returned, form, words)),
        tuple(strays(returned, names, form, words)),
        tuple(faults(rows, words)),
    )


def _in_conflict(findings: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    names = ("patch_uid", "patch_no", "county_code", "county_name", "state")
    chosen = [at for at, state in enumerate(findings["state"]) if state == "conflict"]
    return [{name: findings[name][at] for name in names} for at in chosen]
