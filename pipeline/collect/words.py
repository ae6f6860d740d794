"""Doubts in words."""

from __future__ import annotations

from pipeline.collect.returned import Remark
from pipeline.texts import texts


def remark_sentence(one: Remark, language: str) -> str:
    """What is wrong and what to do, in one sentence of the language."""
    return texts(language).say(f"collect.{one.code.lower()}", **{"place": one.place, **one.facts})
