"""County → city → province, by code table or by columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Parents:
    """The codes and names of the units above a county; "" where the campaign knows none."""

    city_code: str = ""
    city_name: str = ""
    province_code: str = ""
    province_name: str = ""


def parents(levels: str | tuple[int, ...] | tuple[str, ...], code: str, row: Mapping[str, str]) -> Parents:
    """The units above the county with this code.

    `levels` is "gb2260" (GB/T 2260: province = 2 digits, city = 4), prefix lengths from the top such as (2, 5), or
    names of columns from the top; `row` holds the county's delivered attributes and canonical names.
    """
    province, city = _codes(levels, code, row)
    names = (row.get("city_name", ""), row.get("province_name", ""))
    return Parents(city, names[0], province, names[1])


def _codes(levels: str | tuple[int, ...] | tuple[str, ...], code: str, row: Mapping[str, str]) -> tuple[str, str]:
    if levels == "gb2260":
        return f"{code[:2]}0000", f"{code[:4]}00"
    tops = [code[:one] if isinstance(one, int) else row.get(one, "") for one in levels]
    above = [*tops, "", ""][:2]
    return above[0], above[1]
