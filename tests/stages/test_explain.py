"""Lineage: from a patch, a number or a product back to file, layer and row; and the receipts mailed back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.delivery_receipts import delivery_receipts
from pipeline.issues import Code, Issue
from pipeline.records import CampaignFacts, Office
from tests.stages.runs import table, tuban


def test_every_patch_leads_back_to_its_file_layer_and_row(finished_master: Path) -> None:
    campaign = finished_master / "campaign.toml"
    for patch in table(campaign, "patches")[:3]:
        said = tuban("explain", campaign, patch["patch_uid"])
        assert said.exit_code == 0
        place = f"{patch['source_file']}, layer {patch['source_layer']}, row {patch['source_row'] + 1}"
        assert f"accepted: {place}" in said.stdout
        assert f"key {patch['patch_key']}" in said.stdout
        kept = finished_master / "archive" / "received" / patch["delivery"]
        assert not kept.exists() or str(kept) in said.stdout


def test_a_record_set_aside_is_explained_by_its_number(finished_master: Path) -> None:
    campaign = finished_master / "campaign.toml"
    lost = next(one for one in table(campaign, "records") if one["reason"] == "NO_GEOMETRY")
    said = tuban("explain", campaign, lost["patch_no"]).stdout
    assert f"set aside (NO_GEOMETRY): {lost['source_file']}" in said
    assert lost["delivered"] in said


def test_one_county_of_a_straddling_patch(finished_master: Path) -> None:
    campaign = finished_master / "campaign.toml"
    piece = next(one for one in table(campaign, "pieces") if one["piece_count"] > 1)
    said = tuban("explain", campaign, f"{piece['patch_uid']}/{piece['county_code']}").stdout
    assert said.count("  piece ") == 1
    assert piece["county_code"] in said


def test_a_product_says_who_made_it_and_whether_it_was_altered(finished: Path) -> None:
    page = finished / "out" / "reports" / "status.csv"
    assert "made by report, as it was made" in tuban("explain", finished / "campaign.toml", page).stdout
    page.write_text("x")
    assert "ALTERED" in tuban("explain", finished / "campaign.toml", page).stdout


def test_a_name_nobody_knows_is_refused_with_what_to_give(finished_master: Path) -> None:
    said = tuban("explain", finished_master / "campaign.toml", "2025Q3-NOBODY")
    assert said.exit_code == 2
    assert "patch_uid" in said.stderr


@pytest.mark.parametrize("said", ["", "/", "/320102", "x" * 5_000, "a\0b", "\ud800", "../.."])
def test_what_can_be_no_name_is_refused_in_words(finished_master: Path, said: str) -> None:
    answer = tuban("explain", finished_master / "campaign.toml", said)
    assert answer.exit_code == 2
    assert "nothing in this campaign" in answer.stderr


def facts(language: str) -> CampaignFacts:
    return CampaignFacts("Q3", "Check", "cn", language, None, Office(), "mu", "EPSG:4490", True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_receipt_tells_counts_digest_and_what_to_do(language: str) -> None:
    layer = {"delivery": "d1", "file": "a.zip/x.shp", "layer": "x", "received": 9, "accepted": 7, "quarantined": 1}
    summary = {"by_delivery": [{**layer, "duplicate": 1}]}
    lost = {"file": "a.zip/x.shp", "row": 3, "patch_no": "0004"}
    found = [Issue(Code.NO_GEOMETRY, "ingest", lost, delivery="d1") for _ in range(7)]
    ((name, text), (other, empty)) = delivery_receipts(
        [("d1" * 32, "a.zip"), ("d2" * 32, "a.zip")], {"by_delivery": []}, found, facts(language)
    )
    assert name != other
    assert "d2" * 32 in empty
    ((_, text),) = delivery_receipts([("d1", "a.zip")], summary, found, facts(language))
    assert "9" in text
    assert text.count("0004") == 5  # the first five, then how many more
    assert "2" in text.splitlines()[-1]
    assert "NO_GEOMETRY" in text


def test_receipt_names_are_safe_in_any_file_system() -> None:
    names = ["监测 图斑/2025.zip", "../../etc/passwd", 'a<b>:"c|?.zip', ""]
    for name, _ in delivery_receipts([("ab" * 32, one) for one in names], {"by_delivery": []}, [], facts("en")):
        assert not set(name) & set('/\\<>:"|?* ')
        assert name.endswith("abababab.txt")


def test_copies_of_one_file_have_receipts_of_their_own() -> None:
    deliveries = [("ab" * 32, "a b.zip"), ("ab" * 32, "a_b.zip"), ("ab" * 32, "A_b.zip"), ("", "link"), ("", "LINK")]
    counts = dict.fromkeys(("received", "accepted", "quarantined", "duplicate"), 1)
    layers = [
        {"delivery": digest, "file": f"{name}/x.shp", "layer": f"layer of {name}", **counts}
        for digest, name in deliveries[:3]
    ]
    elsewhere = Issue(Code.LEDGER_ALTERED, "ingest", {"line": 1})
    made = delivery_receipts(deliveries, {"by_delivery": layers}, [elsewhere], facts("en"))
    assert len({name.casefold() for name, _ in made}) == len(made)
    for (_, name), (_, text) in zip(deliveries, made, strict=True):
        assert [f"layer of {other}" in text for _, other in deliveries[:3]] == [name == x for _, x in deliveries[:3]]
        assert "LEDGER_ALTERED" not in text


def test_explain_refuses_before_anything_was_run(world: Path) -> None:
    said = tuban("explain", world / "campaign.toml", "x")
    assert said.exit_code == 4
    assert "tuban run" in said.stderr
