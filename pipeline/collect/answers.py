"""The answers of one row: each in canonical spelling, and what was doubted, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from pipeline.collect.returned import Doubt, Remark
from pipeline.collect.spelling import Raw
from pipeline.collect.values import NotTaken, Terms, spelt
from pipeline.forms.form import Field

Place = Callable[[str], str]  # key of a question → where its cell is


def answers(cells: Mapping[str, Raw], terms: Terms, place: Place) -> tuple[dict[str, str], list[Remark]]:
    """What a row says, by the form's keys, and the remarks on it.

    A verdict and a kind of case of another verdict contradict each other: neither is taken.
    """
    form = terms.form
    said: dict[str, str] = {}
    remarks: list[Remark] = []
    for key in sorted(cells, key=form.rank.__getitem__):
        one = form[key]
        try:
            found = spelt(one, cells[key], terms, said.get(form.verdict_key, ""))
        except NotTaken as refused:
            remarks.append(_remark(refused.code, one, refused.facts, terms, place))
            continue
        if found.value:
            said[key] = found.value
        if found.doubt:
            remarks.append(_remark(found.doubt, one, found.facts, terms, place))
    remarks += _contradictions(said, terms, place)
    remarks += _excesses(said, terms, place)
    return said, remarks


def _remark(code: Doubt, one: Field, facts: Mapping[str, str], terms: Terms, place: Place) -> Remark:
    return Remark(code, place(one.key), facts={"field": terms.name(one), **facts})


def _contradictions(said: dict[str, str], terms: Terms, place: Place) -> list[Remark]:
    """Take away verdict and kind of case where they contradict each other."""
    form = terms.form
    verdict = said.get(form.verdict_key, "")
    made = []
    for key in [one for one in said if one != form.verdict_key]:
        under = _unders(said[key], form[key])
        if not verdict or not under or verdict in under:
            continue
        words = terms.vocabularies[key]
        verdict_label = terms.vocabularies[form.verdict_key].labels[verdict]
        facts = {
            "said": words.labels.get(said.pop(key), ""),
            "why": terms.words.say("collect.why.contradicts", verdict=verdict_label),
            "nearest": terms.words.say("collect.why.under", verdict=verdict_label),
        }
        made.append(_remark(Doubt.NOT_A_CHOICE, form[key], facts, terms, place))
    if made:
        del said[form.verdict_key]
    return made


def _unders(codes: str, one: Field) -> set[str]:
    """The verdicts under which the chosen codes stand."""
    chosen = codes.split("|")
    return {each.under for each in one.choices if each.code in chosen and each.under}


def _excesses(said: dict[str, str], terms: Terms, place: Place) -> Iterator[Remark]:
    """Take away a part that is larger than its whole."""
    for one in terms.form.fields:
        if one.key not in said or one.within not in said or Decimal(said[one.key]) <= Decimal(said[one.within]):
            continue
        whole = terms.form[one.within]
        high = terms.words.say("collect.why.whole", value=said[whole.key], field=terms.name(whole))
        facts = {"said": said.pop(one.key), "low": "0", "high": high}
        yield _remark(Doubt.OUT_OF_LIMITS, one, facts, terms, place)
