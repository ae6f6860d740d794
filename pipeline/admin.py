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


# First two digits of GB/T 2260: the provinces, autonomous regions, municipalities and special regions.
_GB2260_PROVINCES = frozenset(
    str(code)
    for code in (
        *range(11, 16),
        *range(21, 24),
        *range(31, 38),
        *range(41, 47),
        *range(50, 55),
        *range(61, 66),
        71,
        81,
        82,
    )
)


def is_county_code(levels: str | tuple[int, ...] | tuple[str, ...], code: str) -> bool:
    """Whether a code can be a county's: six digits below a province of GB/T 2260; any code where that does not rule.

    Cities without counties (441900, 442000) are counted as counties in such layers.
    """
    if levels != "gb2260":
        return True
    return len(code) == 6 and code.isdecimal() and code[:2] in _GB2260_PROVINCES and code[2:] != "0000"


def _codes(levels: str | tuple[int, ...] | tuple[str, ...], code: str, row: Mapping[str, str]) -> tuple[str, str]:
    if levels == "gb2260":
        return f"{code[:2]}0000", f"{code[:4]}00"
    tops = [code[:one] if isinstance(one, int) else row.get(one, "") for one in levels]
    above = [*tops, "", ""][:2]
    return above[0], above[1]
