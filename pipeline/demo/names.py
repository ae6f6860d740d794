"""Names and codes of a province that does not exist; the prefix 48 is not used by GB/T 2260."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.demo.cover import Cover

PROVINCE_CODE, PROVINCE_NAME = "480000", "云江省"
CITY_NAMES = ("青川市", "泽阳市", "临沅市", "岷州市", "安澜市")

# Characters a careless font subset or code page loses (犍 嵊 歙 郯) stand among the ordinary ones.
DISTRICTS = (
    "东湖区",
    "江北区",
    "望城区",
    "新安区",
    "南屏区",
    "城关区",
    "西陵区",
    "开平区",
    "金水区",
    "白塔区",
)
CITY_COUNTIES = ("嵊溪市", "枣林市", "洪山市", "桐乡市", "龙门市")
COUNTIES = (
    *("云溪县", "犍川县", "清源县", "郯阳县", "永宁县", "大柳县", "石泉县", "歙山县", "双河县", "临泉县"),
    *("长乐县", "安丰县", "白沙县", "南漳县", "平湖县", "沅陵县", "桃源县", "太和县", "松阳县", "宁远县"),
    *("青阳县", "万安县", "石楼县", "嵩坪县", "连山县", "怀远县", "泾川县", "古田县", "寿昌县", "祁水县"),
    *("崇义县", "江口县", "沙河县", "罗田县", "资溪县", "茶陵县", "丰城县", "阳谷县", "定南县", "昭平县"),
    *("盐亭县", "武陵县", "华亭县", "富川县", "凤台县", "灵台县", "桐柏县", "麻阳县", "会同县", "蓝田县"),
)
LONG_COUNTY = "沱水土家族苗族自治县"  # the longest name a title has to hold

TOWNS = (
    *("青石", "柳林", "白马", "石桥", "龙潭", "双井", "太平", "高店", "三河", "沙坪"),
    *("枫树", "黄泥", "金鸡", "玉泉", "杨桥", "新集", "大塘", "古城", "兴隆", "横山"),
)
TOWN_ENDINGS = ("镇", "镇", "乡", "镇", "街道")
VILLAGES = (
    *("王家", "李家", "张家", "陈家", "刘家", "周家", "东风", "胜利", "前进", "红旗"),
    *("大坪", "上湾", "下湾", "石门", "桃花", "竹林", "河口", "塘边", "新民", "建设"),
    *("柳树", "马鞍", "黄土", "五星", "白果", "茶园", "三合", "高坎", "水口", "松林"),
)
VILLAGE_ENDINGS = ("村", "村", "湾村", "坡村", "社区")
ROADS = {Cover.HIGHWAY: "G{}云江高速", Cover.ROAD: "S{}", Cover.LANE: ""}
FIRST_NUMBERS = {Cover.HIGHWAY: 88, Cover.ROAD: 201, Cover.LANE: 1}
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林"
GIVEN = (
    *("建国", "志强", "秀英", "海燕", "丽华", "晓明", "文斌", "国庆"),
    *("春梅", "永刚", "雪松", "立新", "桂芳", "少峰", "慧敏"),
)


def county_names(cities: Sequence[int]) -> list[tuple[str, str]]:
    """Code and name of each county, given the city (0, 1, …) of each; districts first in a city."""
    counts: dict[int, int] = {}
    names: list[tuple[str, str]] = []
    ordinary = iter(COUNTIES)
    for city in cities:
        nth = counts.get(city, 0)
        counts[city] = nth + 1
        names.append((_county_code(city, nth), _county_name(city, nth, ordinary)))
    return names


def city_code(city: int) -> str:
    return f"{PROVINCE_CODE[:2]}{city + 1:02d}00"


def road_names(covers: Sequence[Cover]) -> list[str]:
    """Roads of a kind are numbered one after another."""
    counts: dict[Cover, int] = {}
    names = []
    for one in covers:
        counts[one] = counts.get(one, FIRST_NUMBERS[one] - 1) + 1
        names.append(ROADS[one].format(counts[one]))
    return names


def town_name(rng: np.random.Generator) -> str:
    return str(rng.choice(TOWNS)) + str(rng.choice(TOWN_ENDINGS))


def village_name(rng: np.random.Generator) -> str:
    return str(rng.choice(VILLAGES)) + str(rng.choice(VILLAGE_ENDINGS))


def person(rng: np.random.Generator) -> str:
    return str(rng.choice(list(SURNAMES))) + str(rng.choice(GIVEN))


def _county_code(city: int, nth: int) -> str:
    """Districts 02, counties 21 …, county-level cities 81, as GB/T 2260 numbers them."""
    last = 2 if nth == 0 else 81 if nth == 3 else 20 + nth
    return f"{PROVINCE_CODE[:2]}{city + 1:02d}{last:02d}"


def _county_name(city: int, nth: int, ordinary: Iterator[str]) -> str:
    if nth == 0:
        return DISTRICTS[city % len(DISTRICTS)]
    if nth == 3:
        return CITY_COUNTIES[city % len(CITY_COUNTIES)]
    if (city, nth) == (1, 1):
        return LONG_COUNTY
    return next(ordinary)
