"""The layers of a county's project, as QGIS and QField read them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.book_parts import BookPart
from pipeline.forms.cleaning import clean_text
from pipeline.forms.form import Form
from pipeline.forms.layers import boundary_parts, custom_properties, patch_parts
from pipeline.forms.tips import page_html, photo_html
from pipeline.forms.xml import Element, crs_element, element
from pipeline.records import CampaignFacts
from pipeline.texts import Texts


@dataclass(frozen=True)
class ImageryLayer:
    """One image file in the county's folder."""

    phase: str  # "before" | "after"
    file: str  # its name in the folder, "before.tif"
    crs: str
    bands: tuple[int, ...] = (1, 2, 3)  # 1-based, as red, green, blue; one is shown grey
    date: str = ""


def layer_ids(code: str, imagery: Sequence[ImageryLayer]) -> dict[str, str]:
    """Layer ids by layer: ASCII and longer than 10 characters, or QGIS replaces them (ecosystem 2.4)."""
    safe = ascii_code(code)
    ids = {"patches": f"patches_to_verify_{safe}", "boundary": f"boundary_of_{safe}"}
    return ids | {one.phase: f"imagery_{one.phase}_{safe}" for one in sorted(imagery, key=lambda one: one.phase)}


def ascii_code(code: str) -> str:
    """A county code with nothing but ASCII letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9_]", "_", code)


def patches_layer(
    ids: Mapping[str, str],
    form: Form,
    facts: CampaignFacts,
    columns: Sequence[str],
    words: Texts,
    book: Sequence[BookPart] = (),
) -> Element:
    """The layer to fill in: its look, its form, and what QField may and may not do with it."""
    naming = {one: f"{named} || '.{{extension}}'" for one, named in photo_names(form).items()}
    properties = {
        "QFieldSync/action": "copy",
        "QFieldSync/cloud_action": "offline",
        "QFieldSync/attachment_naming": json.dumps(naming, ensure_ascii=False),
        "QFieldSync/photo_naming": json.dumps(naming, ensure_ascii=False),
        "QFieldSync/is_feature_addition_locked": True,
        "QFieldSync/is_feature_deletion_locked": True,
        "QFieldSync/is_geometry_editing_locked": True,
        "QFieldSync/is_geometry_locked": True,
        "QFieldSync/value_map_button_interface_threshold": 5,
    }
    photos = [photo_html(one) for one in naming]
    parts = [custom_properties(properties), *patch_parts(form, facts, columns, page_html(book, words), *photos)]
    return _vector(ids["patches"], words["project.patches"], "./patches.gpkg|layername=patches", facts.crs, parts)


def photo_names(form: Form) -> dict[str, str]:
    """The expression that names a photo, without its ending, by field: photos of one folder never share a name."""
    return {
        one.key: f"'DCIM/' || \"patch_uid\" || '_{one.key}_' || format_date(now(), 'yyyyMMddhhmmsszzz')"
        for one in form.asked
        if one.type == "photo"
    }


def boundary_layer(ids: Mapping[str, str], facts: CampaignFacts, words: Texts) -> Element:
    """The boundary, to look at only."""
    locked = {
        "QFieldSync/is_feature_addition_locked": True,
        "QFieldSync/is_feature_deletion_locked": True,
        "QFieldSync/is_geometry_editing_locked": True,
        "QFieldSync/is_attribute_editing_locked": True,
    }
    parts = [custom_properties(_still() | locked), *boundary_parts(facts)]
    source = "./boundary.gpkg|layername=boundary"
    layer = _vector(ids["boundary"], words["project.boundary"], source, facts.crs, parts)
    layer.set("readOnly", "1")
    return layer


def _still() -> dict[str, str | bool]:
    return {"QFieldSync/action": "copy", "QFieldSync/cloud_action": "no_action"}


def _vector(layer_id: str, name: str, source: str, crs: str, parts: Sequence[Element]) -> Element:
    head = {
        "type": "vector",
        "geometry": "Polygon",
        "wkbType": "MultiPolygon",
        "labelsEnabled": 1,
        "readOnly": 0,
        "autoRefreshEnabled": 0,
        "hasScaleBasedVisibilityFlag": 0,
        "styleCategories": "AllStyleCategories",
    }
    common = _common(layer_id, name, source, crs, "ogr")
    return element("maplayer", head, *common, *parts, element("layerGeometryType", text="2"))


def _common(layer_id: str, name: str, source: str, crs: str, provider: str) -> list[Element]:
    encoding = {"encoding": "UTF-8"} if provider == "ogr" else {}
    return [
        element("id", text=layer_id),
        element("datasource", text=source),
        element("layername", text=name),
        element("srs", None, crs_element(crs)),
        element("provider", encoding, text=provider),
    ]


def image_layer(ids: Mapping[str, str], image: ImageryLayer, words: Texts) -> Element:
    """One image of the folder."""
    head = {"type": "raster", "autoRefreshEnabled": 0, "hasScaleBasedVisibilityFlag": 0}
    pipe = element(
        "pipe",
        None,
        _raster_renderer(image),
        element(
            "rasterresampler",
            {"zoomedInResampler": "bilinear", "zoomedOutResampler": "bilinear", "maxOversampling": 2},
        ),
    )
    common = _common(ids[image.phase], image_name(image, words), f"./{image.file}", image.crs, "gdal")
    return element("maplayer", head, *common, custom_properties(_still()), pipe)


def _raster_renderer(image: ImageryLayer) -> Element:
    # QGIS shows the file's internal mask as one band more; without it the ground between the windows is white or black
    head = {"opacity": 1, "alphaBand": max(image.bands) + 1, "nodataColor": ""}
    if len(image.bands) < 3:
        grey = {"type": "singlebandgray", "grayBand": image.bands[0], "gradient": "BlackToWhite"}
        return element("rasterrenderer", head | grey)
    red, green, blue = image.bands[:3]
    bands = {"type": "multibandcolor", "redBand": red, "greenBand": green, "blueBand": blue}
    return element("rasterrenderer", head | bands)


def image_name(image: ImageryLayer, words: Texts) -> str:
    """What a reader calls an image: its phase, and its date where known."""
    if image.date:
        return words.say(f"project.{image.phase}_dated", date=clean_text(image.date))
    return words[f"project.{image.phase}"]
