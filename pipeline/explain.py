"""Where something comes from: from a patch, a piece or a product back to the delivered file, layer and row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.campaign import Files
from pipeline.engine.receipt import Receipt, Receipts
from pipeline.errors import USAGE, Refusal
from pipeline.issue_words import sentence
from pipeline.issues import read_issues
from pipeline.layers import FINDINGS, MOVES, PATCHES, PIECES, QUARANTINE, RECORDS, RETURNED, Layer

Row = dict[str, Any]
_SHOWN = 20  # rows of one kind before "and more"


def explain(files: Files, said: str, language: str, county_dates: tuple[str, str] = ("", "")) -> list[str]:
    """The lineage of `said` in lines: a patch_uid or `patch_uid/county code`, a patch number, or a file in the output.

    `county_dates` are those of the county layer and of the other one, "" where none is given.

    Raises:
        Refusal: nothing in this campaign is called so, or it has not been run.
    """
    path = Path(said)
    if _is_file(path) and path.resolve().is_relative_to(files.out.resolve()):
        return list(_of_product(files, path.resolve()))
    if not files[RECORDS].is_file():
        raise Refusal("there is nothing to explain yet", "run `tuban run` first")
    records, county = _called(files, said.strip()), ""
    if not records:
        uid, _, county = said.strip().rpartition("/")
        records = _called(files, uid)
    if not records:
        hint = "give a patch_uid (from a QR code, checklist or table), a patch number, or a file in the output folder"
        raise Refusal(f"nothing in this campaign is called {said!r}", hint, USAGE)
    return list(_of_records(files, records, county, language, county_dates))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than any name, or of signs that no name has
        return False


def _called(files: Files, name: str) -> list[Row]:
    """The records of this uid or patch number (in which a stroke may stand), or for which that patch stands."""
    if not name or not name.isprintable():
        return []
    return _rows(files, RECORDS, dict.fromkeys(("patch_uid", "duplicate_of", "patch_no"), name))


def _rows(files: Files, layer: Layer, either: Mapping[str, Any]) -> list[Row]:
    """The rows of a layer in which one of these columns has this value, without their outlines."""
    import pyarrow.parquet as pq

    path = files[layer]
    if not path.is_file():
        return []
    wanted = [[(name, "==", value)] for name, value in either.items()]
    rows: list[Row] = pq.read_table(path, columns=list(layer.columns), filters=wanted).to_pylist()
    return rows


def _of_records(
    files: Files, records: list[Row], county: str, language: str, county_dates: tuple[str, str]
) -> Iterator[str]:
    uids = sorted({one["duplicate_of"] or one["patch_uid"] for one in records} - {""})
    for uid in uids[:_SHOWN]:
        yield from _of_patch(files, uid, county, language, county_dates)
    if len(uids) > _SHOWN:
        yield f"… and {len(uids) - _SHOWN} more patches: give a patch_uid"
    lost = [one for one in records if one["status"] == "quarantined"]
    for one in lost[:_SHOWN]:
        yield from _of_quarantined(files, one)
    if len(lost) > _SHOWN:
        yield f"… and {len(lost) - _SHOWN} more set aside: see reports/quarantine.csv"


def _of_patch(files: Files, uid: str, county: str, language: str, county_dates: tuple[str, str]) -> Iterator[str]:
    (patch,) = _rows(files, PATCHES, {"patch_uid": uid})
    yield f"patch {uid}"
    yield f"  number {patch['patch_no'] or '-'}, key {patch['patch_key']}, {patch['area_m2']:,.2f} m2"
    came = _rows(files, RECORDS, dict.fromkeys(("patch_uid", "duplicate_of"), uid))
    came.sort(key=lambda one: str(one["status"]) != "accepted")
    for one in came[:_SHOWN]:
        yield f"  {one['status']}: {_source(one)}"
        yield f"    kept as {_kept(files, one['delivery'])}"
        yield f"    delivered {one['delivered']}"
    if len(came) > _SHOWN:
        yield f"  … and {len(came) - _SHOWN} more times"
    if patch["repair"]:
        yield f"  repaired: {patch['repair']}"
    yield f"  coordinates delivered in {patch['source_crs']}"
    if county_dates[0]:
        yield f"  county layer of {county_dates[0]}"
    for piece in _rows(files, PIECES, {"patch_uid": uid}):
        if piece["county_code"].startswith(county):
            yield from _of_piece(files, piece, county_dates[1])
    said = list(_issues(files, uid))
    yield from (f"  {one.severity} {one.code}: {sentence(one, language)}" for one in said[:_SHOWN])
    if len(said) > _SHOWN:
        yield f"  … and {len(said) - _SHOWN} more issues"


def _source(one: Row) -> str:
    return f"{one['source_file']}, layer {one['source_layer']}, row {one['source_row'] + 1}"


def _kept(files: Files, digest: str) -> str:
    kept = files.archive / "received" / digest
    return str(kept) if kept.exists() else f"files of delivery {digest}"


def _of_piece(files: Files, piece: Row, other_date: str) -> Iterator[str]:
    asked = "asked" if piece["asked"] else f"not asked ({piece['not_asked_reason']})"
    place = f"{piece['county_code']} {piece['county_name']}"
    size = f"{piece['area_m2']:,.2f} m2, {piece['area_share'] * 100:.2f} %"
    yield f"  piece {piece['piece_no']} of {piece['piece_count']} in {place}: {size}, {asked}"
    of = f" ({other_date})" if other_date else ""
    for one in _rows(files, MOVES, {"patch_uid": piece["patch_uid"]}):
        if one["piece_no"] == piece["piece_no"]:
            whom = f"{one['other_code']} {one['other_name']}".strip() or "no county"
            yield f"    by the other county layer{of} {one['area_m2']:,.2f} m2 ({one['kind']}) would be of {whom}"
    folder = files.county(piece["county_code"])
    if piece["asked"] and folder.is_dir():
        yield f"    number {piece['seq']} in {folder}"
    for one in _rows(files, FINDINGS, {"patch_uid": piece["patch_uid"]}):
        if one["county_code"] == piece["county_code"]:
            yield from _of_finding(one)
            yield from _of_others(files, one)


def _of_finding(one: Row) -> Iterator[str]:
    yield f"    {one['state']} {one['verdict_name']} {one['verdict_sub_name']}".rstrip()
    for answer in json.loads(one["answers"] or "[]"):
        yield f"      {answer['place']} in {answer['file']}: {json.dumps(answer['parcels'], ensure_ascii=False)}"
    if one["decided"]:
        yield f"      decided by {one['decided']}"
    if one["to_correct"]:
        yield f"      to be corrected: {one['to_correct']}"
    if one["questions"]:
        yield f"      rules that ask: {one['questions']}"
    if one["review"]:
        yield f"    review: {one['review']}"
    yield from map(_review, json.loads(one["reviews"] or "[]"))


def _review(one: Row) -> str:
    """Who passed or returned it, when and why."""
    reasons = "".join(f" {no}" for no in one["reasons"])
    said = ", ".join(one[name] for name in ("who", "when", "why") if one[name])
    over = "" if one["stands"] else " (answered since, or replaced)"
    return f"      {one['level']} {one['decision']}{reasons}: {said}{over}"


def _of_others(files: Files, one: Row) -> Iterator[str]:
    """What was returned of the piece and does not count, with the reason."""
    for row in _rows(files, RETURNED, {"patch_uid": one["patch_uid"]}):
        if row["county_code"] == one["county_code"] and row["fate"] in ("superseded", "unmatched", "left"):
            why = f" ({row['reason']})" if row["reason"] else ""
            yield f"      {row['fate']}{why}: {row['place']} in {row['return_file']}: {row['said']}"


def _of_quarantined(files: Files, one: Row) -> Iterator[str]:
    yield f"set aside ({one['reason']}): {_source(one)}"
    yield f"  kept as {_kept(files, one['delivery'])}"
    yield f"  delivered {one['delivered']}"
    key = ("delivery", "source_file", "source_layer", "source_row")
    for row in _rows(files, QUARANTINE, {"delivery": one["delivery"]}):
        if all(row[name] == one[name] for name in key):
            yield f"  {row['sentence']}"


def _issues(files: Files, uid: str) -> Iterator[Any]:
    for path in sorted(files.state_file("issues").glob("*.jsonl")):
        yield from (one for one in read_issues(path) if one.patch_uid == uid)


def _of_product(files: Files, path: Path) -> Iterator[str]:
    """Which job made a file, whether it is still what that job made, and what the job depended on."""
    from pipeline.engine.digest import file_digest

    name = path.relative_to(files.out.resolve()).as_posix()
    receipt = _maker(files, name)
    digest = file_digest(path)
    yield f"{name}  SHA-256 {digest}"
    if receipt is None:
        yield "  no job has a receipt for it: it is a log, or somebody put it there"
        return
    whole = "as it was made" if receipt.outputs[name] == digest else "ALTERED since it was made"
    yield f"  made by {receipt.stage} {receipt.unit}".rstrip() + f", {whole}"
    yield from (f"    {part}: {value}" for part, value in sorted(receipt.parts.items()))


def _maker(files: Files, name: str) -> Receipt | None:
    receipts = Receipts(files.state)
    for stage in ("ingest", "clip", "render", "export", "collect", "report"):
        for unit in ("", *receipts.units(stage)):
            receipt = receipts.find(stage, unit)
            if receipt and name in receipt.outputs:
                return receipt
    return None
