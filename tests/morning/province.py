"""A synthetic morning of any size: counties that share borders, and books that are the sums of its counties."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import shapely

from pipeline.accounts import CountyStatus, announcement, balance
from pipeline.boundary_changes import BoundaryChanges, CountyChange
from pipeline.issue_words import sentence
from pipeline.issues import Code, Issue, issue_order
from pipeline.morning.page import Morning
from pipeline.morning.returned import ReturnedFile, Returns, VerdictMark
from pipeline.records import CampaignFacts, Office
from pipeline.rollup.disputes import Answer, Dispute

FIRST, SECOND = "临清武平安宁永长东南西北新兴", "山水江川城河阳林溪湖州原"
FACTS = CampaignFacts(
    "2025Q3",
    "2025年第三季度土地卫片执法检查",
    "cn",
    "zh",
    date(2025, 10, 8),
    Office("某省自然资源厅", classification="内部"),
    "mu",
    "EPSG:4490",
    True,
)


def _wrinkled(xy: Any) -> Any:
    x, y = xy[:, 0], xy[:, 1]
    moved = np.zeros_like(xy)
    for k in (2, 5, 11, 29):
        moved += np.column_stack([np.sin(k * y * 1.3 + k), np.cos(k * x * 1.1 + k)]) * 0.12 / k
    return np.round(xy + moved, 8)


@cache
def outlines(number: int) -> tuple[Any, ...]:
    """Counties that cover a rectangle, each border with the same vertices on both sides."""
    rng = np.random.default_rng(7)
    side = number**0.5 * 0.35
    points = rng.random((number, 2)) * [side * 1.5, side] + [104.0, 27.0]
    frame = shapely.box(104.0, 27.0, 104.0 + side * 1.5, 27.0 + side)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame))
    shapes = shapely.transform(shapely.segmentize(shapely.intersection(cells, frame), 0.02), _wrinkled)
    west, south = shapely.bounds(shapes)[:, 0], shapely.bounds(shapes)[:, 1]
    return tuple(shapes[np.lexsort((west, np.round(south, 1)))])


def counties(number: int) -> list[CountyStatus]:
    """Every word at least once among ten, one county not published."""
    made = []
    for at in range(number):
        city = at // 10
        code = f"{53 + city // 40:02d}{city % 40 + 1:02d}{at % 10 + 1:02d}"
        announced, came = _numbers(at)
        pieces = came + at % 3 if came else (1 if at % 10 == 7 else 0)
        asked = max(pieces - at % 2, 0)
        problem = "RuntimeError: 影像文件损坏 before.tif" if at % 50 == 3 else ""
        drawn = 0 if problem else asked
        made.append(
            CountyStatus(
                code=code,
                name=f"{FIRST[at % 14]}{SECOND[at // 14 % 12]}{'县区市'[at % 3]}",
                city_code=f"{code[:4]}00",
                city_name=f"{FIRST[city % 14]}{SECOND[(city + 3) % 12]}市",
                province_code=f"{code[:2]}0000",
                province_name=f"{FIRST[city // 40 % 14]}江省",
                announced=announced,
                came=came,
                quarantined=1 if came > 20 else 0,
                word=announcement(announced, came, pieces),
                pieces=pieces,
                asked=asked,
                area_m2=pieces * 4321.125,
                pages=drawn + 3 if drawn else 0,
                rows=drawn,
                problem=problem,
            )
        )
    return made


def _numbers(at: int) -> tuple[int | None, int]:
    spoken: dict[int, tuple[int | None, int]] = {1: (0, 0), 4: (None, 0), 5: (9, 0), 7: (None, 0), 8: (30, 21)}
    return spoken.get(at % 10, (12 + at % 17, 12 + at % 17))


def issues(made: list[CountyStatus]) -> list[Issue]:
    """Fragments and ambiguous outlines all over, and one of some other kinds."""
    found = [
        Issue(
            Code.NO_CRS,
            "ingest",
            {"file": "无投影.shp", "count": 12, "hint": "在批次设置中写明"},
            source_file="无投影.shp",
        ),
        Issue(Code.EXPECTED_UNKNOWN_CODE, "report", county_code="999999"),
    ]
    for at, one in enumerate(made):
        facts = {"patch_no": f"{at:05d}", "area_m2": 3.25, "share": "0.2", "county": one.name}
        place = {"source_file": "市级图斑.shp", "source_layer": "图斑", "source_row": at, "county_code": one.code}
        found.append(Issue(Code.FRAGMENT, "clip", facts, **place))
        if one.quarantined:
            areas = {
                "reason": "Self-intersection[104.1 27.2]",
                "outline_m2": 0.0,
                "structure_m2": 50.0,
                "linework_m2": 25.0,
            }
            found.append(Issue(Code.AMBIGUOUS_SHAPE, "ingest", facts | areas | {"record": "Q-ABCDEFGHIJ"}, **place))
        if at % 4 == 0:
            found.append(Issue(Code.IMAGERY_MISSING, "render", facts | {"phase": "前时相"}, **place))
    return sorted(found, key=issue_order)


VERDICTS = {
    "zh": (("legal", "合法", "#56B4E9"), ("illegal", "违法", "#D55E00"), ("other", "其他", "#CC79A7")),
    "en": (
        ("authorised", "Authorised", "#56B4E9"),
        ("unauthorised", "Unauthorised", "#D55E00"),
        ("not_a_change", "Not a change", "#CC79A7"),
        ("inconclusive", "Inconclusive", "#F0E442"),
    ),
}


def answering(made: list[CountyStatus], codes: list[str]) -> list[CountyStatus]:
    """The same counties after answers came: some whole, some in part, some not at all, some at odds."""
    found = []
    for at, one in enumerate(made):
        answered = (0, one.asked, one.asked // 2, max(one.asked - 3, 0))[at % 4]
        conflict = min(2, one.asked - answered) if at % 5 == 2 else 0
        shares = [answered * (k + 1 + (at + k) % 3) // 12 for k in range(len(codes) - 1)]
        counts = [*shares, answered - sum(shares)]
        verdicts = {code: (count, count * 4321.125) for code, count in zip(codes, counts, strict=True) if count}
        left = one.asked - answered - conflict
        found.append(replace(one, open=left, answered=answered, conflict=conflict, verdicts=verdicts))
    return found


def returns(made: list[CountyStatus], language: str) -> Returns:
    """A returned file for every county that answered, and two answers for each of the pieces at odds."""
    files, disputes = [], []
    for one in made:
        if one.answered or one.conflict:
            name = f"{one.code}_checklist.xlsx"
            rows = {"taken": one.answered, "conflict": one.conflict}
            receipt = f"returns/{one.code}_回执.html" if one.answered % 2 else ""
            files.append(ReturnedFile(name, f"{one.code}ab" * 8, "workbook", rows, receipt))
        for at in range(one.conflict):
            answers = tuple(
                Answer(f"{one.code}_{name}", f"{one.code}_{name}!row {at + 6}", said, f"{one.code}_{name}")
                for name, said in (("checklist.xlsx", "合法，当年审批"), ("补报.zip/表.csv", "违法，未报即用"))
            )
            disputes.append(Dispute(one.code, one.name, f"{at:04d}", f"2025Q3-AB{one.code}{at}/{one.code}", answers))
    marks = tuple(VerdictMark(*each) for each in VERDICTS[language])
    return Returns(marks, tuple(files), tuple(disputes))


def morning(number: int = 10, language: str = "zh", answers: bool = False, **changes: Any) -> Morning:
    """A morning with `number` counties whose books balance; before anybody answered, or amid the `answers`."""
    made = counties(number)
    if answers:
        made = answering(made, [code for code, _, _ in VERDICTS[language]])
    facts = replace(FACTS, language=language, area_unit="mu" if language == "zh" else "ha")
    if language == "en":
        facts = replace(
            facts, title="Land change verification, third quarter 2025", office=Office("Department of Land")
        )
    found = issues(made)
    ingest, clip = _ingest(made), _clip(made)
    told = {state: sum(getattr(one, state) for one in made) for state in ("answered", "conflict")}
    told = {"open": sum(one.asked for one in made) - sum(told.values()), **told, "unmatched": 3 if answers else 0}
    books = balance(facts.id, ingest, clip, made, sum(one.announced or 0 for one in made), told)
    sentences = [sentence(one, language) for one in found]
    shapes = dict(zip((one.code for one in made), outlines(number), strict=True))
    came = returns(made, language) if answers else Returns()
    return replace(Morning(facts, books, made, found, sentences, [], shapes, ingest, came), **changes)


def changes_of(number: int) -> BoundaryChanges:
    """Each of a number of counties gives ground to the next; the first is gone, the second has another code."""
    made = []
    for at in range(number):
        code, other = f"5301{at:02d}", "" if at == 0 else f"5301{at + 50 if at == 1 else at:02d}"
        word = "gone" if at == 0 else "recoded" if at == 1 else ""
        going, coming = (2, 0) if at == 0 else (1, 2 if at == 1 else 1) if at < number - 1 else (0, 1)
        name = f"{FIRST[at % 14]}县"
        ground = (going * 1000.5, coming * 1000.5, 0.25, 0.125)
        made.append(CountyChange(code, name, other, name if other else "", word, 10 + at, going, coming, *ground))
    sums = {"moved": sum(one.goes_m2 for one in made), "nowhere": 0.25 * number, "sliver": 0.125 * number}
    account = {"inside": 100_000.0, "same": 100_000.0 - sum(sums.values()), "double": 0.0, **sums}
    return BoundaryChanges(account, tuple(made), ())


def _ingest(made: list[CountyStatus]) -> dict[str, Any]:
    quarantined = sum(one.quarantined for one in made)
    accepted = sum(one.came for one in made) - quarantined
    whole = {"received": accepted + quarantined + 2, "accepted": accepted, "quarantined": quarantined, "duplicate": 2}
    nothing = dict.fromkeys(whole, 0)
    digests = {"市级图斑.shp": "4f0c" * 16, "无投影.shp": "a9b1" * 16}
    return {
        "records": whole,
        "by_delivery": [
            {"delivery": digests["市级图斑.shp"], "file": "市级图斑.shp", "layer": "图斑", **whole},
            {"delivery": digests["无投影.shp"], "file": "无投影.shp", "layer": "", **nothing, "refused": "NO_CRS"},
        ],
        "quarantine_by_reason": dict(Counter({"AMBIGUOUS_SHAPE": quarantined, "DUPLICATE": 2})),
        "refused_files": ["无投影.shp"],
        "by_county": {},
    }


def _clip(made: list[CountyStatus]) -> dict[str, Any]:
    inside = sum(one.area_m2 for one in made)
    asked = sum(one.asked for one in made)
    pieces = sum(one.pieces for one in made)
    return {
        "area_m2": {"accepted": inside + 1234.5 - 66.25, "inside": inside, "outside": 1234.5, "double": 66.25},
        "pieces": {"all": pieces, "asked": asked, "not_asked": {"fragment": pieces - asked}},
    }
