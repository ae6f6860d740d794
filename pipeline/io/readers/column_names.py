"""Names of columns in tables, as they are compared: no brackets, spaces, underscores, capitals or full width."""

from __future__ import annotations

import re
import unicodedata


def plain(name: str) -> str:
    """A column's name for comparison."""
    narrow = unicodedata.normalize("NFKC", name[:100]).casefold()
    return re.sub(r"\(.*?\)|\[.*?\]|[\s_\-:]", "", narrow)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GEOMETRY = _words(
    "wkt ewkt wktgeom geometry geom thegeom shape polygon wkb coordinates coords vertices boundary outline"
    " tbfw 图斑范围 范围 空间范围 坐标串 坐标 界址点坐标 界址点 拐点坐标 边界坐标 图形 图形坐标 几何 空间坐标"
)
PATCH_NUMBER = _words(  # the most telling first
    "jcbh 监测图斑编号 监测编号 图斑编号 图斑号 线索编号 图斑标识 tbbh tbybh 地块编号 地块号 宗地号"
    " patchno patchid parcelno parcelid polygonid"
)
NUMBER = PATCH_NUMBER + _words("编号 id objectid fid bsm 标识码")
X = _words("lon longitude lng 经度 easting east e 东坐标 横坐标 x xzb pointx coordx x坐标")
Y = _words("lat latitude 纬度 northing north n 北坐标 纵坐标 y yzb pointy coordy y坐标")
OPEN_ORDER = _words("x y xzb yzb pointx pointy coordx coordy x坐标 y坐标")  # a surveyor's X is north
RING = _words("ring ringno ringid 圈号 环号 圈 环")
POINT = _words("seq vertex vertexno vertexid pointno pointid point 点号 界址点号 序号 顺序号 拐点号 点序 顺序")
