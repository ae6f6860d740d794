"""A small county with patches of every kind, in both profiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
import shapely

from pipeline.forms.form import Form, load_form
from pipeline.records import CampaignFacts, County, Neighbour, Office, Piece

FORMS = {"cn": "verification_cn", "international": "verification_international"}


@pytest.fixture(params=sorted(FORMS))
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def form(profile: str) -> Form:
    return load_form(FORMS[profile])


@pytest.fixture
def facts(profile: str) -> CampaignFacts:
    chinese = profile == "cn"
    return CampaignFacts(
        id="2025Q3",
        title="2025年第三季度土地卫片执法检查" if chinese else "Land change, third quarter 2025",
        profile=profile,
        language="zh" if chinese else "en",
        map_date=date(2025, 10, 8),
        office=Office(unit="某省自然资源厅"),
        area_unit="mu" if chinese else "ha",
        crs="EPSG:4490",
        lead_note=True,
    )


@pytest.fixture
def county() -> County:
    around = shapely.box(113.8, 30.4, 114.0, 30.6)
    east = Neighbour("429902", "东湖区", shapely.box(114.0, 30.4, 114.2, 30.6))
    return County("429901", "云溪县", "云州市", "某省", around, (east,))


@pytest.fixture
def pieces() -> list[Piece]:
    """Four asked pieces of the county out of order, one not asked, one of a neighbour."""
    made = [_piece(seq) for seq in (3, 1, 4, 2)]
    made.append(replace(_piece(5), seq=0, asked=False, not_asked_reason="fragment"))
    made.append(replace(_piece(6), own=False, county_code="429902"))
    return made


@pytest.fixture
def pages(pieces: list[Piece]) -> dict[str, int]:
    return {one.patch_uid: one.seq + 2 for one in pieces if one.asked}


@pytest.fixture
def make_piece() -> Callable[[int], Piece]:
    return _piece


def _piece(seq: int) -> Piece:
    west = 113.81 + 0.02 * seq
    return Piece(
        patch_uid=f"2025Q3-ABCDEFGH{seq:04d}K",
        patch_no=f"42990120250000{seq:04d}",
        piece_no=1,
        piece_count=1,
        county_code="429901",
        county_name="云溪县",
        own=True,
        seq=seq,
        asked=True,
        not_asked_reason="",
        area_m2=20000.0 / 3 * seq,
        patch_area_m2=20000.0 / 3 * seq,
        area_share=1.0,
        lon_deg=west + 0.0005,
        lat_deg=30.5005,
        geometry=shapely.box(west, 30.5, west + 0.001, 30.501),
        town="大悟乡",
        village="上坪村",
        patch_type="11",
        patch_type_name="新增建设用地",
        phase_before="2025-03-14",
        phase_after="2025-09-22",
    )
