"""What a checklist already says of a piece, for each given key of a form."""

from __future__ import annotations

from pipeline.amounts import area_in
from pipeline.forms.cleaning import cut_text
from pipeline.records import CampaignFacts, Piece
from pipeline.texts import Texts

LONGEST = 300


def given_value(key: str, piece: Piece, facts: CampaignFacts, page: int | None, words: Texts) -> str | float | None:
    """The value of the given field `key` for a piece; None where nothing is known."""
    match key:
        case "row_no":
            return piece.seq
        case "page":
            return page
        case "area":
            return float(area_in(facts.area_unit, piece.area_m2))
    return cut_text(_text(key, piece, words), LONGEST, words["form.cut"]) or None


def type_words(piece: Piece) -> str:
    """The type's name of the year's vocabulary, else its code as delivered."""
    return piece.patch_type_name or piece.patch_type


def place_words(piece: Piece) -> str:
    """Town and village, each once."""
    village = "" if piece.village == piece.town else piece.village
    return " ".join(one for one in (piece.town, village) if one)


def centre_words(lon_deg: float, lat_deg: float) -> str:
    """The middle of a piece, as a checklist prints it."""
    return f"{lon_deg:.6f}, {lat_deg:.6f}"


def share_words(piece: Piece, words: Texts) -> str:
    """How much of the patch this piece is, where the patch lies in several counties."""
    if piece.piece_count < 2:
        return ""
    share = f"{piece.area_share * 100:.1f}"
    return words.say("form.share", no=piece.piece_no, count=piece.piece_count, share=share)


def _text(key: str, piece: Piece, words: Texts) -> str:
    match key:
        case "patch_no":
            return piece.patch_no
        case "patch_type":
            return type_words(piece)
        case "phases":
            return "\n".join(one or "–" for one in (piece.phase_before, piece.phase_after))
        case "place":
            centre = centre_words(piece.lon_deg, piece.lat_deg)
            return "\n".join(one for one in (place_words(piece), centre, share_words(piece, words)) if one)
    raise KeyError(key)
