"""The words of a sheet: every figure formatted once, every missing value a dash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.geometry.identity import code_of
from pipeline.geometry.projection import Projection
from pipeline.records import CampaignFacts, County, Piece, Scene
from pipeline.sheets import figures
from pipeline.sheets.figures import MISSING
from pipeline.texts import Texts

MANY_SCENES = 2  # more than so many dates are told as a span


def book_fields(
    facts: CampaignFacts, county: County, projection: Projection, words: Texts, total: int, deadline: str = ""
) -> dict[str, str]:
    """The fields that are the same on every page of a county's book; `deadline` is when answers are due, as told."""
    office = facts.office
    fields = {
        "campaign": facts.title,
        "campaign_id": facts.id,
        "county": county.name,
        "county_full": county_full(county, words),
        "county_code": county.code,
        "total": str(total),
        "crs": words.say("sheet.crs", crs=crs_words(projection, words)),
        "lead": words["sheet.lead"] if facts.lead_note else "",
        "map_date": facts.map_date.isoformat() if facts.map_date else "",
        "deadline": deadline,
        "deadline_line": _line(words, "deadline", deadline),
    }
    for name in ("unit", "maker", "checker", "phone", "classification"):
        fields[name] = getattr(office, name)
        fields[f"{name}_line"] = _line(words, name, fields[name])
    fields["date_line"] = words.say("sheet.date_line", date=fields["map_date"]) if fields["map_date"] else ""
    return fields


def _line(words: Texts, name: str, value: str) -> str:
    return words.say(f"sheet.{name}_line", **{name: value}) if value else ""


def county_full(county: County, words: Texts) -> str:
    """Province, city and county in the order of the language, each once."""
    names = {"province": county.province_name, "city": county.city_name, "county": county.name}
    listed = [names[one] for one in words["sheet.county_parts"].split()]
    return words["sheet.county_separator"].join(dict.fromkeys(one for one in listed if one))


def crs_words(projection: Projection, words: Texts) -> str:
    """The projected CRS as a person says it."""
    return words.say(
        f"sheet.crs_words.{projection.kind}",
        datum=_datum(projection.datum, words),
        meridian=f"{abs(projection.meridian_deg)}°{'E' if projection.meridian_deg >= 0 else 'W'}",
        zone=projection.zone,
        hemisphere=words["sheet.crs_words.north_half" if projection.north else "sheet.crs_words.south_half"],
    )


def _datum(name: str, words: Texts) -> str:
    key = f"sheet.datum.{name}"
    return words[key] if key in words else name  # noqa: SIM401 (Texts is no mapping)


def piece_fields(piece: Piece, xy_m: tuple[float, float], county: str, unit: str, words: Texts) -> dict[str, str]:
    """The fields of a piece, as its table prints them."""
    code = code_of(piece.patch_uid, piece.county_code, piece.area_m2)
    fields = {
        "number": str(piece.seq),
        "check_code": code,
        "check_line": words.say("sheet.check_line", code=code),
        "patch_uid": piece.patch_uid,
        "patch_no": piece.patch_no,
        "quoted": piece.patch_no or piece.patch_uid,
        "county": county,
        "type": type_words(piece),
        "town": piece.town,
        "village": piece.village,
        "place": " ".join(one for one in (piece.town, piece.village) if one),
        "area": f"{figures.area(piece.area_m2, unit)} {words[f'sheet.unit_name.{unit}']}",
        "area_m2": f"{figures.rounded(piece.area_m2, 2)} {words['sheet.unit_name.m2']}",
        "area_reported": piece.area_reported,
        "share": _share(piece, words),
        "phase_before": piece.phase_before,
        "phase_after": piece.phase_after,
        "centre_dms": f"{figures.dms(piece.lon_deg, 'EW')}  {figures.dms(piece.lat_deg, 'NS')}",
        "centre_deg": f"{piece.lon_deg:.6f}, {piece.lat_deg:.6f}",
        "centre_xy": f"E {figures.rounded(xy_m[0], 1)}  N {figures.rounded(xy_m[1], 1)}",
        "remark": piece.remark,
    }
    fields |= {f"attributes.{name}": value for name, value in piece.attributes.items()}
    return {name: value or MISSING for name, value in fields.items()}


def type_words(piece: Piece) -> str:
    """The code as delivered and the word of the vocabulary, whichever there are."""
    return " ".join(dict.fromkeys(one for one in (piece.patch_type, piece.patch_type_name) if one))


def _share(piece: Piece, words: Texts) -> str:
    if piece.piece_count == 1:
        return words["sheet.whole"]
    share = figures.percent(piece.area_share)
    return words.say("sheet.part", no=piece.piece_no, count=piece.piece_count, share=share)


def reason_words(pieces: Iterable[Piece], words: Texts) -> str:
    """Why those of the pieces that are not asked about are not, each reason once."""
    reasons = sorted({one.not_asked_reason for one in pieces if not one.asked})
    return words["sheet.list_separator"].join(words[f"sheet.reason.{one}"] for one in reasons)


def scene_words(scenes: Sequence[Scene], words: Texts) -> str:
    """Dates, sensors and pixel sizes of the scenes under a frame, earliest first; never blank."""
    told = list(dict.fromkeys(_scene(one, words) for one in sorted(scenes, key=lambda one: (one.date, one.path))))
    if len(told) <= MANY_SCENES:
        return "; ".join(told) or MISSING
    first, last = _date(min(scenes, key=_by_date), words), _date(max(scenes, key=_by_date), words)
    return words.say("sheet.several_scenes", first=first, last=last, count=len(scenes))


def _by_date(scene: Scene) -> str:
    return scene.date


def _date(scene: Scene, words: Texts) -> str:
    return scene.date or words["sheet.date_unknown"]


def _scene(scene: Scene, words: Texts) -> str:
    sensor = scene.sensor or words["sheet.sensor_unknown"]
    return f"{_date(scene, words)}  {sensor}  {scene.pixel_m:.3g} m"


def with_fields(*many: Mapping[str, str]) -> dict[str, str]:
    """Fields of a page over those of the book."""
    return {name: value for one in many for name, value in one.items()}
