"""Whom an officer may ask: people of the office and how they are reached."""

from __future__ import annotations

from pipeline.forms.cleaning import cut_text
from pipeline.records import Office
from pipeline.texts import Texts

_LONGEST = 120


def whom_to_ask(office: Office, words: Texts) -> str:
    """Who answers questions and how to reach them; nothing where nobody can be reached."""
    said = {key: _plain(value) for key, value in (("phone", office.phone), ("mail", office.mail))}
    ways = [words.say(f"form.{key}", **{key: value}) for key, value in said.items() if value]
    people = [one for one in map(_plain, (office.unit, office.contact)) if one]
    return words.say("form.ask", who=" ".join([*people, *ways])) if ways else ""


def _plain(said: str) -> str:
    return " ".join(cut_text(said, _LONGEST, "…").split())
