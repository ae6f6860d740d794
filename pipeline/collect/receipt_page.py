"""A return's receipt as one page and as a workbook, for the people who sent it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from math import ceil
from pathlib import Path

import xlsxwriter

from pipeline.collect.receipts import Line, ReturnReceipt
from pipeline.forms.cells import half_widths
from pipeline.forms.cleaning import clean_text
from pipeline.morning.markup import Markup, joined, shortened, tag
from pipeline.publish import private
from pipeline.records import CampaignFacts
from pipeline.texts import Texts, texts

_LANGUAGE = {"zh": "zh-CN"}
_OPEN_SHOWN = 400


def receipt_page(one: ReturnReceipt, facts: CampaignFacts) -> str:
    """The receipt as HTML that needs nothing but itself."""
    words = texts(facts.language)
    body = tag("body", *_parts(one, facts, words))
    style = files(__package__).joinpath("receipt.css").read_text(encoding="utf-8")
    seal = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("title", words.say("returns.title", file=one.file)),
        tag("style", Markup(style)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang=_LANGUAGE.get(facts.language, facts.language))}\n"


def _parts(one: ReturnReceipt, facts: CampaignFacts, words: Texts) -> list[Markup | None]:
    county = f"{one.county_name} {one.county_code}".strip() or (words["returns.several"] if one.lines else "")
    told = words.say("returns.about", campaign=facts.title, id=facts.id, county=county).rstrip("，, ")
    look, fine = _divided(one)
    grave = [line for line in look if line.grave]
    look = [line for line in look if not line.grave]
    return [
        tag("h1", words.say("returns.title", file=one.file)),
        tag("p", told),
        tag("p", f"SHA-256 {one.digest}", class_="soft"),
        tag("div", *(_sum(fate, count, words) for fate, count in _counts(one).items()), class_="sums"),
        _list(words["returns.general"], one.general),
        _table(words["returns.to_correct"], grave, one.file, words) if grave else None,
        _table(words["returns.to_do"], look, one.file, words) if look else None,
        None if look or grave else tag("p", words["returns.no_doubts"]),
        _open(one, words),
        _table(words["returns.taken_rows"], fine, one.file, words) if fine else None,
    ]


def _counts(one: ReturnReceipt) -> dict[str, int]:
    """Rows by what became of them; how many of those that count are to be corrected stands behind."""
    return {**one.counts, **({"to_correct": one.to_correct} if one.to_correct else {})}


def _divided(one: ReturnReceipt) -> tuple[list[Line], list[Line]]:
    """The rows somebody must look at, and those that went through without a word."""
    look: list[Line] = []
    fine: list[Line] = []
    for line in one.lines:
        (look if line.sentences or line.fate in ("conflict", "unmatched") else fine).append(line)
    return look, fine


def _sum(fate: str, count: int, words: Texts) -> Markup:
    return tag("div", tag("b", count), words[f"returns.fate.{fate}"], class_=fate)


def _list(title: str, sentences: tuple[str, ...]) -> Markup | None:
    if not sentences:
        return None
    return joined(tag("h2", title), tag("ul", *(tag("li", shortened(one, 400)) for one in sentences)))


def _table(title: str, lines: list[Line], file: str, words: Texts) -> Markup:
    heads = (tag("th", words[f"returns.column.{name}"]) for name in ("number", "patch_no", "place", "fate"))
    rows = (
        tag(
            "tr",
            tag("td", line.seq or "–"),
            tag("td", shortened(line.patch_no, 60)),
            tag("td", shortened(line.place.removeprefix(f"{file}!"), 160)),
            tag("td", *_fate_words(line, words)),
        )
        for line in lines
    )
    return joined(tag("h2", title), tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows)))


def _fate_words(line: Line, words: Texts) -> list[Markup | str]:
    fate = _fate(line, words)
    said = [tag("li", shortened(one, 400)) for one in line.sentences]
    return [fate, tag("ul", *said)] if said else [fate]


def _fate(line: Line, words: Texts) -> str:
    fate = words[f"returns.fate.{line.fate}"] if line.fate else ""
    if line.decided:
        return words.say("returns.decided", fate=fate, decided=line.decided)
    return words["returns.separator"].join([fate, words["returns.fate.to_correct"]]) if line.grave else fate


def _open(one: ReturnReceipt, words: Texts) -> Markup | None:
    """What the county still owes, by number in its book."""
    if not one.county_code:
        return None
    title = tag("h2", words.say("returns.open", open=len(one.open), asked=one.asked))
    numbers = words["returns.separator"].join(str(seq) for seq, _ in one.open[:_OPEN_SHOWN])
    more = f" … +{len(one.open) - _OPEN_SHOWN}" if len(one.open) > _OPEN_SHOWN else ""
    again = words.say("returns.again", file=f"{one.county_code}_open.xlsx") if one.again else None
    return joined(title, tag("p", numbers + more) if one.open else None, tag("p", again) if again else None)


def write_receipt_book(target: Path, one: ReturnReceipt, facts: CampaignFacts) -> None:
    """The same rows as a workbook, each with its number, place, fate and what to do; the same bytes always."""
    words = texts(facts.language)
    made = datetime.combine(facts.map_date, datetime.min.time()) if facts.map_date else datetime(2000, 1, 1)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with private(target) as path:
        book = xlsxwriter.Workbook(str(path), options)
        book.set_properties({"created": made, "title": clean_text(one.file)})
        plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "num_format": "@"})
        head = book.add_format({"bold": True, "bg_color": "#E2E6EA", "border": 1, "text_wrap": True})
        sheet = book.add_worksheet(words["returns.sheet"])
        for column, (name, width) in enumerate(_COLUMNS.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, words[f"returns.column.{name}"], head)
        of_file = (Line(one.file, 0, "", "", (sentence,)) for sentence in one.general)
        for row, line in enumerate((*one.lines, *of_file), 1):
            fate = _fate(line, words)
            cells = (str(line.seq or ""), line.patch_no, line.place, fate, "\n".join(line.sentences))
            sheet.set_row(row, _height_pt(cells))
            for column, cell in enumerate(cells):
                sheet.write_string(row, column, clean_text(cell)[:32_000], plain)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_header("&L" + clean_text(words.say("returns.title", file=one.file)).replace("&", "&&")[:200])
        sheet.set_footer("&C&P / &N")
        book.close()


_COLUMNS = {"number": 8, "patch_no": 22, "place": 40, "fate": 14, "to_do": 80}
_LINE_PT, _TALLEST_PT = 15, 400


def _height_pt(cells: Sequence[str]) -> float:
    """Room for all that wraps: programs other than Excel leave rows as high as one line."""
    lines = [
        sum(max(1, ceil(half_widths(line) / (width - 2))) for line in cell.split("\n"))
        for cell, width in zip(cells, _COLUMNS.values(), strict=True)
    ]
    return min(max(lines) * _LINE_PT + 2, _TALLEST_PT)
