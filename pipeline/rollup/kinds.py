"""The second table: kinds of case, all together and for every unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipeline.rollup.columns import FARMLAND, Plan
from pipeline.rollup.levels import PROVINCE, Unit
from pipeline.rollup.tally import Kind, Tally

USED = "used"


@dataclass(frozen=True)
class KindRow:
    """One kind of case in one unit; `kind` is empty in the unit's own sum."""

    unit: Unit
    verdict: str
    kind: str
    tally: Tally

    @property
    def is_sum(self) -> bool:
        return not self.verdict


def kind_rows(plan: Plan, rows: Sequence[Unit]) -> list[KindRow]:
    """Every unit that answered, all together first: its kinds in the form's order, then their sum.

    An only province is all together and not said twice.
    """
    order = _order(plan)
    whole, others = (
        rows[-1],
        [one for one in rows[:-1] if one.level != PROVINCE or len(one.counties) < len(rows[-1].counties)],
    )
    return [row for unit in (whole, *others) for row in _of_unit(unit, order)]


def _of_unit(unit: Unit, order: dict[str, int]) -> Iterator[KindRow]:
    account = unit.account
    if not account.answered.pieces:
        return
    for verdict, kind in sorted(account.kinds, key=lambda one: _rank(one, order)):
        yield KindRow(unit, verdict, kind, account.kinds[verdict, kind])
    whole = account.of(*account.verdicts)
    yield KindRow(unit, "", "", whole)


def _order(plan: Plan) -> dict[str, int]:
    fields = [one for one in plan.form.fields if one.key in (plan.form.verdict_key, "verdict_sub")]
    codes = [choice.code for one in fields for choice in one.choices]
    return {code: at for at, code in enumerate(codes)}


def _rank(kind: Kind, order: dict[str, int]) -> tuple[int, int, str]:
    verdict, sub = kind
    return order.get(verdict, len(order)), order.get(sub, len(order)), sub


def said_keys(plan: Plan) -> list[str]:
    """The numbers shown beside each kind: those of the form's face that are areas."""
    return [one.key for one in plan.form.face if one.key in (USED, FARMLAND)]


def share_of(row: KindRow) -> Decimal | None:
    """Of the unit's answered pieces, rounded at four decimals."""
    whole = row.unit.account.answered.pieces
    return (Decimal(row.tally.pieces) / whole).quantize(Decimal("0.0001")) if whole else None
