"""What stands at the foot of a workbook's printed pages."""

from __future__ import annotations

from pipeline.forms.cleaning import clean_text
from pipeline.records import CampaignFacts, County
from pipeline.texts import Texts

_FOOTER_SIGNS = 255


def signed_footer(facts: CampaignFacts, county: County, words: Texts) -> str:
    """Signature line above batch, county and page; ampersands doubled."""
    return _fitting(words["form.footer_sign"], facts, county, words)


def plain_footer(facts: CampaignFacts, county: County, words: Texts) -> str:
    """Batch, county and page; ampersands doubled."""
    return _fitting("", facts, county, words)


def _fitting(sign: str, facts: CampaignFacts, county: County, words: Texts) -> str:
    """Excel reads 255 characters and the writer drops a longer footer whole: the county's name takes what is left."""
    batch = words.say("form.batch", campaign=facts.id)
    name = clean_text(county.name)
    while len(said := _footer(sign, batch, name, words)) > _FOOTER_SIGNS and name:
        name = name[:-1]
    return said


def _footer(sign: str, batch: str, name: str, words: Texts) -> str:
    batch, name = batch.replace("&", "&&"), name.replace("&", "&&")
    page = words["form.footer_page"]
    return f"&L&8\n\n{batch}&C&9{sign}\n\n&8{name}&R&8\n\n{page}"
