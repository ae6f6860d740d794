"""Issues in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.issues import Issue
from pipeline.texts import texts


def sentence(issue: Issue, language: str) -> str:
    """What is wrong, in one sentence of the language."""
    key = f"issue.{issue.code.lower()}"
    return texts(language).say(key, **{name: _shown(value) for name, value in _known(issue).items()})


def _known(issue: Issue) -> Mapping[str, Any]:
    place = {"county": issue.county_code, "file": issue.source_file, "row": issue.source_row + 1}
    return {**place, **issue.facts}


def _shown(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
