"""What people decided, and the ledger of what came: read whole, every mistake named, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions import names_file, read_decisions
from pipeline.errors import Refusal, Refusals
from pipeline.ledger import add_lines, arrivals, read_ledger

HEAD = "who,when,id,decision,reason\n"


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "decisions.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_no_file_decides_nothing(tmp_path: Path) -> None:
    assert read_decisions(tmp_path / "decisions.csv") == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_line_is_read_in_the_encodings_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    (one,) = read_decisions(written(tmp_path, HEAD + "王芳,2025-10-20,Q-ABC,accept structure,实地核对\n", encoding))
    assert (one.who, one.verb, one.object, one.reason, one.row) == ("王芳", "accept", "structure", "实地核对", 2)
    assert one.words == "王芳, 2025-10-20, 实地核对"


def test_columns_may_stand_in_any_order_with_chinese_headings(tmp_path: Path) -> None:
    (one,) = read_decisions(written(tmp_path, "\n理由,编号,决定,日期,决定人\nx,a.zip,crs EPSG:4490,,Li\n"))
    assert (one.id, one.verb, one.object) == ("a.zip", "crs", "EPSG:4490")


def test_all_mistakes_are_named_at_once_by_row(tmp_path: Path) -> None:
    lines = [",,Q-1,accept structure,", "Li,,,take,", "Li,,Q-1,accept,", "Li,,a.zip,crs,", "Li,,Q-1,burn it,"]
    with pytest.raises(Refusals) as refused:
        read_decisions(written(tmp_path, HEAD + "\n".join(lines)))
    said = refused.value.lines()
    assert [f"row {at}" in " ".join(said) for at in (2, 3, 4, 5, 6)] == [True] * 5
    assert "accept structure" in " ".join(said)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no column reason"):
        read_decisions(written(tmp_path, "who,when,id,decision\nLi,,Q-1,accept structure\n"))


def test_a_file_is_named_by_name_path_end_or_digest() -> None:
    digest = "0a1b2c3d" + "0" * 56
    assert names_file("b.zip", "in/b.zip", digest)
    assert names_file("0A1B2C3D", "x", digest)
    assert not names_file("0a1b", "x", digest)  # too short to mean one file
    assert not names_file("zip", "b.zip", digest)


@given(st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=5), min_size=1, max_size=8))
def test_a_ledger_holds_each_coming_and_going_once_and_no_line_changes(states: list[frozenset[str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        present: frozenset[str] = frozenset()
        for state in states:
            before = path.read_bytes() if path.exists() else b""
            ledger = read_ledger(path)
            events = arrivals(ledger, [{"id": one, "name": one} for one in sorted(state)])
            add_lines(path, ledger, events)
            assert {one["id"] for one in events if one["event"] == "received"} == state - present
            assert {one["id"] for one in events if one["event"] == "withdrawn"} == present - state
            assert (path.read_bytes() if path.exists() else b"").startswith(before)
            assert read_ledger(path).broken_at == 0
            present = state


def test_a_changed_line_is_found(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    add_lines(path, read_ledger(path), [{"event": "received", "id": one, "name": one} for one in "abc"])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1].replace('"name": "b"', '"name": "x"'), lines[2]]) + "\n")
    assert read_ledger(path).broken_at == 2
    path.write_text("\n".join([lines[0], lines[2]]) + "\n")
    assert read_ledger(path).broken_at == 2


def test_a_torn_last_line_is_found_and_the_next_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    add_lines(path, read_ledger(path), [{"event": "received", "id": "a", "name": "a"}])
    path.write_text(path.read_text() + '{"seq": 2, "ev')
    ledger = add_lines(path, read_ledger(path), [{"event": "received", "id": "b", "name": "b"}])
    assert ledger.broken_at == 2
    assert [one["id"] for one in read_ledger(path).lines] == ["a", "b"]


LINE = "Li,2025,Q-1,accept structure,r"


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + LINE).replace(",", ";").encode(),
        (HEAD + LINE).replace(",", "\t").encode("utf-16"),
        (HEAD + LINE).replace("\n", "\r").encode(),
        (HEAD + LINE).replace("accept ", "Accept\u3000").encode(),
        (HEAD + LINE).replace("accept ", "accept \u00a0").encode(),
    ],
)
def test_a_line_is_read_as_other_countries_and_programs_write_it(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "decisions.csv"
    path.write_bytes(data)
    (one,) = read_decisions(path)
    assert (one.id, one.verb, one.object, one.reason) == ("Q-1", "accept", "structure", "r")


def test_a_quotation_mark_that_never_closes_is_refused_in_words(tmp_path: Path) -> None:
    """Short or long, and whatever limit another reader set for the process: the rest would be swallowed."""
    for much in (1, 200_000):
        with pytest.raises(Refusal, match="cannot be read as a table after line"):
            read_decisions(written(tmp_path, HEAD + 'Li,2025,Q-1,accept structure,"' + "r" * much + "\n" + LINE))


@pytest.mark.parametrize("name", ["nonsense", "../../evil", "/utf-8", "rot13", "base64"])
def test_what_is_no_encoding_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusals, match="no encoding"):
        read_decisions(written(tmp_path, HEAD + f"Li,,a.shp,encoding {name},"))


@pytest.mark.parametrize("name", ["a\u2028b", "a\x85b", "a\x1cb", "a\nb"])
def test_a_name_with_signs_that_end_lines_elsewhere_tears_no_ledger(tmp_path: Path, name: str) -> None:
    path = tmp_path / "ledger.jsonl"
    add_lines(path, read_ledger(path), [{"event": "received", "id": "a", "name": name}])
    assert read_ledger(path).broken_at == 0
    assert arrivals(read_ledger(path), [{"id": "a", "name": name}]) == []


@pytest.mark.parametrize("line", [b"\xff\xfe\x00", b"[" * 100_000, b'{"seq": 1}', b"null", b'"\\ud800"', b"x\r"])
def test_whatever_stands_in_a_ledger_stays_and_ends_nothing(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "ledger.jsonl"
    add_lines(path, read_ledger(path), [{"event": "received", "id": "a", "name": "a"}])
    there = path.read_bytes() + line
    path.write_bytes(there)
    ledger = read_ledger(path)
    assert ledger.broken_at == 2
    add_lines(path, ledger, arrivals(ledger, [{"id": "b", "name": "b"}]))
    assert path.read_bytes().startswith(there)
    assert [(one["event"], one["id"]) for one in read_ledger(path).lines[1:]] == [("withdrawn", "a"), ("received", "b")]


def test_a_file_that_is_called_otherwise_now_is_booked_under_its_new_name(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    for present in ({"1": "a", "2": "b"}, {"1": "b", "2": "a"}, {"1": "b", "2": "a"}):
        ledger = read_ledger(path)
        ledger = add_lines(path, ledger, arrivals(ledger, [{"id": one, "name": name} for one, name in present.items()]))
        assert {one: line["name"] for one, line in ledger.last("received").items()} == present
    assert len(ledger.lines) == 4
