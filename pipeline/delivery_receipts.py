"""A receipt for each delivered file, fit to mail back: what came, what was made of it, what its sender should do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.issue_words import sentence
from pipeline.issues import Code, Issue, Severity, severity
from pipeline.publish import safe_name, write_text
from pipeline.records import CampaignFacts
from pipeline.texts import Texts, texts

NAMED = 5  # sentences of one kind before "and more"


def delivery_receipts(
    deliveries: Sequence[tuple[str, str]], summary: Mapping[str, Any], issues: Sequence[Issue], facts: CampaignFacts
) -> list[tuple[str, str]]:
    """For each delivery (digest, name) in this order: (name of its receipt, the receipt in the campaign's language)."""
    words = texts(facts.language)
    called: dict[str, list[str]] = defaultdict(list)  # the names of each content: the same may come under several
    for digest, name in deliveries:
        called[digest].append(name)
    layers: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in summary["by_delivery"]:
        layers[one["delivery"], _owner(one["delivery"], called, one["file"])].append(one)
    mine: dict[tuple[str, str], list[Issue]] = defaultdict(list)
    for issue in issues:
        mine[issue.delivery, _owner(issue.delivery, called, issue.source_file)].append(issue)
    return [
        (f"{file}.txt", "\n".join(_lines(*one, layers[one], mine[one], facts, words)) + "\n")
        for file, one in zip(_file_names(deliveries), deliveries, strict=True)
    ]


def _owner(digest: str, called: Mapping[str, Sequence[str]], file: str) -> str:
    """Which delivery of this content holds a file; "" where none does."""
    names = called.get(digest, ())
    if digest and len(names) == 1:
        return names[0]
    return next((one for one in names if file == one or file.startswith(f"{one}/")), "")


def _file_names(deliveries: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A file name for each receipt, no two alike even where a file system does not tell A from a."""
    taken = Counter[str]()
    for digest, name in deliveries:
        plain = safe_name(name, digest)
        taken[plain.casefold()] += 1
        nth = taken[plain.casefold()]
        yield plain if nth == 1 else f"{plain}-{nth}"


def write_receipts(folder: Path, receipts: Sequence[tuple[str, str]]) -> list[Path]:
    """Write each receipt as a text file of its own; the paths."""
    for name, text in receipts:
        write_text(folder / name, text)
    return [folder / name for name, _ in receipts]


def _lines(
    digest: str,
    name: str,
    layers: Sequence[Mapping[str, Any]],
    issues: Sequence[Issue],
    facts: CampaignFacts,
    words: Texts,
) -> Iterator[str]:
    yield words.say("receipt.title", campaign=facts.title, id=facts.id)
    yield words.say("receipt.file", file=name)
    yield words.say("receipt.digest", digest=digest)
    for one in layers:
        yield words.say("receipt.refused" if one.get("refused") else "receipt.layer", **one)
    if not layers:
        yield words["receipt.no_layer"]
    yield from _section("receipt.to_do", _to_do(issues), facts.language, words)
    yield from _section("receipt.to_know", _to_know(issues), facts.language, words)


def _to_do(issues: Sequence[Issue]) -> list[Issue]:
    return [one for one in issues if severity(one.code) is not Severity.NOTE]


def _to_know(issues: Sequence[Issue]) -> list[Issue]:
    return [one for one in issues if severity(one.code) is Severity.NOTE]


def _section(title: str, issues: Sequence[Issue], language: str, words: Texts) -> Iterator[str]:
    """Kinds of defect, the gravest first, each with its first sentences and what to do."""
    kinds: dict[Code, list[Issue]] = defaultdict(list)
    for one in issues:
        kinds[one.code].append(one)
    if not kinds:
        return
    yield ""
    yield words[title]
    for code, found in sorted(kinds.items(), key=lambda item: (severity(item[0]) is not Severity.ERROR, item[0])):
        key = f"receipt.do.{code.lower()}"
        advice = words[key] if key in words else ""  # noqa: SIM401  (Texts is no dict)
        title = words[f"morning.issue.{code.lower()}"]
        yield words.say("receipt.kind", title=title, code=code, count=len(found), advice=advice)
        yield from (f"    {sentence(one, language)}" for one in found[:NAMED])
        if len(found) > NAMED:
            yield words.say("receipt.more", count=len(found) - NAMED)
