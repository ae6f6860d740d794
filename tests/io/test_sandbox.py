"""The parser's children: one that dies or hangs costs its own file and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine.digest import file_digest
from pipeline.io import sandbox
from pipeline.io.parser import MAX_DEPTH, depth
from pipeline.io.received import Delivery, delivery_of

EVIL = """
import os, pipeline.io.parser as parser
read = parser._parse_source
def evil(source, *more):
    word = source.path.read_bytes()
    if b"DIE" in word: os.kill(os.getpid(), 11)
    if b"EAT" in word: bytearray(1 << 36)
    while b"HANG" in word: pass
    return read(source, *more)
parser._parse_source = evil
main(sys.argv[1])
"""


def deliveries(folder: Path, words: str) -> list[Delivery]:
    made = []
    for at, word in enumerate(words.split()):
        path = folder / f"{at}.geojson"
        path.write_text(f'{{"type": "FeatureCollection", "name": "{word}{at}", "features": []}}', encoding="utf-8")
        made.append(delivery_of(path.name, path, [path], file_digest))
    return made


def test_the_others_survive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_BEGIN", sandbox._BEGIN.replace("main(sys.argv[1])", EVIL))
    monkeypatch.setattr(sandbox, "WALL_S", 2)
    given = deliveries(tmp_path, "good DIE good EAT good HANG good")
    where = {part.digest: tmp_path / part.name for one in given for part in one.parts}
    found = sandbox.parsed(given, where.__getitem__, tmp_path / "cache", "", lambda _: None)
    refused = [len(found[one.key][0].refused) for one in given]
    assert refused == [0, 1, 0, 1, 0, 1, 0]
    assert [len(found[one.key][0].layers) for one in given] == [1, 0, 1, 0, 1, 0, 1]


def test_a_child_may_take_as_long_as_its_bytes_need(tmp_path: Path) -> None:
    """A minute for what is small, never more than the limit, which masks always have: they may be large inside."""
    given = deliveries(tmp_path, "one two")
    where = {part.digest: tmp_path / part.name for one in given for part in one.parts}
    assert 60 < sandbox.wall_s(given, where.__getitem__, False) < 70
    with (tmp_path / "0.geojson").open("ab") as file:
        file.truncate(50_000_000)
    assert 360 < sandbox.wall_s(given, where.__getitem__, True) < 370
    with (tmp_path / "0.geojson").open("ab") as file:
        file.truncate(5_000_000_000)
    assert sandbox.wall_s(given, where.__getitem__, False) == sandbox.WALL_S
    small = tmp_path / "m.tif"
    small.write_bytes(b"II*\0")
    mask = [delivery_of(small.name, small, [small], file_digest)]
    assert sandbox.wall_s(mask, lambda _: small, False) < 70
    assert sandbox.wall_s(mask, lambda _: small, True) == sandbox.WALL_S


def test_depth_of_nested_collections() -> None:
    nested = b"\1\7\0\0\0\1\0\0\0" * 200_000 + b"\1\1\0\0\0" + bytes(16)
    assert depth(nested) == MAX_DEPTH + 1
    assert depth(b"\1\1\0\0\0" + bytes(16)) == 0
