"""One answer in its canonical spelling, or why it was not taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.collect.choices import Vocabulary, vocabulary
from pipeline.collect.dates import FIRST_DAY, LAST_DAY, day_of
from pipeline.collect.maps import ColumnMap
from pipeline.collect.numbers import OtherUnit, number_of, spelt_number
from pipeline.collect.returned import Doubt
from pipeline.collect.spelling import Raw, is_error, said_text, shown
from pipeline.forms.form import Field, Form
from pipeline.records import CampaignFacts
from pipeline.texts import Texts, texts

LONGEST = 32_767  # characters a cell of a workbook can hold
_MOST = 1_000_000_000


@dataclass(frozen=True)
class Terms:
    """What a return is read by: the form, the campaign, and the words that may be chosen."""

    form: Form
    facts: CampaignFacts
    words: Texts
    vocabularies: Mapping[str, Vocabulary]
    maps: tuple[ColumnMap, ...] = ()  # by which tables of other systems are read

    def name(self, one: Field) -> str:
        """What a reader calls a question."""
        unit = self.words[f"unit.{self.facts.area_unit}"]
        heading = one.heading[self.facts.language].replace("{unit}", unit)
        return heading.replace("\n", self.words["form.heading_joint"])

    def listed(self, labels: list[str]) -> str:
        """Choices one after another."""
        return self.words["form.help.list"].join(labels)


def terms_of(form: Form, facts: CampaignFacts, maps: Sequence[ColumnMap] = ()) -> Terms:
    """The terms of a campaign."""
    asked = [one for one in form.fields if one.choices]
    words = {one.key: vocabulary(form, one, facts.language) for one in asked}
    return Terms(form, facts, texts(facts.language), words, tuple(maps))


class NotTaken(ValueError):
    """An answer that is not taken: the doubt, and the facts of its sentence."""

    def __init__(self, code: Doubt, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True)
class Spelt:
    """An answer in canonical spelling ("" where nothing was said), and what is odd about it although it is taken."""

    value: str
    doubt: Doubt | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def spelt(one: Field, raw: Raw, terms: Terms, verdict: str = "") -> Spelt:
    """The answer `raw` to a question; `verdict` is the one of its row.

    Raises:
        NotTaken: it cannot be understood, or is out of the limits of the question.
    """
    said = said_text(raw)
    if not said:
        return Spelt("")
    if is_error(said):
        raise NotTaken(Doubt.FORMULA, cells="", said=said)
    match one.type:
        case "choice" | "multi":
            return Spelt(_choice(one, said, terms, verdict))
        case "date":
            return Spelt(_date(raw, said))
        case "number":
            return Spelt(_number(one, raw, said, terms))
        case "photo":
            said = said.replace("\\", "/")
    return _text(one, said)


def _text(one: Field, said: str) -> Spelt:
    facts = {"count": str(len(said)), "length": str(one.length)}
    if len(said) > LONGEST:
        raise NotTaken(Doubt.TOO_LONG, **facts)
    return Spelt(said, Doubt.TOO_LONG, facts) if len(said) > one.length else Spelt(said)


def _choice(one: Field, said: str, terms: Terms, verdict: str) -> str:
    words = terms.vocabularies[one.key]
    try:
        return words.codes_of(said) if one.type == "multi" else words.code_of(said, verdict)
    except ValueError:
        nearest = terms.listed(words.nearest(said, verdict if any(words.under.values()) else ""))
        why = terms.words["collect.why.unknown"]
        raise NotTaken(Doubt.NOT_A_CHOICE, said=shown(said), why=why, nearest=nearest) from None


def _date(raw: Raw, said: str) -> str:
    try:
        day = day_of(raw)
    except (ValueError, OverflowError):
        raise NotTaken(Doubt.NOT_A_DATE, said=shown(said)) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        limits = {"low": FIRST_DAY.isoformat(), "high": LAST_DAY.isoformat()}
        raise NotTaken(Doubt.OUT_OF_LIMITS, said=day.isoformat(), **limits)
    return day.isoformat()


def _number(one: Field, raw: Raw, said: str, terms: Terms) -> str:
    unit = terms.facts.area_unit if one.unit == "area" else ""
    try:
        value = number_of(raw, unit)
    except OtherUnit as other:
        raise NotTaken(Doubt.NOT_A_NUMBER, said=shown(said), nearest=_hinted(other.converted, terms)) from None
    except (ValueError, ArithmeticError):
        raise NotTaken(Doubt.NOT_A_NUMBER, said=shown(said), nearest="") from None
    low = one.low if one.low is not None else -_MOST
    high = one.high if one.high is not None else _MOST
    if not low <= value <= high:
        raise NotTaken(Doubt.OUT_OF_LIMITS, said=spelt_number(value), low=f"{low:g}", high=f"{high:.15g}")
    return spelt_number(value)


def _hinted(converted: str, terms: Terms) -> str:
    unit = terms.words[f"unit.{terms.facts.area_unit}"]
    return terms.words.say("collect.why.converted", value=converted, unit=unit)
