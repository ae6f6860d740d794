"""What covers the ground, and its colours in spring and in autumn as a satellite sees them."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Cover(IntEnum):
    """Classes of ground cover; the value is the row of the palette."""

    GRAIN = 0
    RAPE = 1
    FALLOW = 2
    GREENS = 3
    STUBBLE = 4
    HOTHOUSE = 5
    FISHPOND = 6
    ORCHARD = 7
    BUND = 8
    FOREST = 9
    SCRUB = 10
    TRACK = 11
    LANE = 12
    ROAD = 13
    HIGHWAY = 14
    MEDIAN = 15
    WATER = 16
    RIVER = 17
    SAND = 18
    ROOF = 19
    SHADOW = 20
    YARD = 21
    TREES = 22
    EARTH = 23
    WET_EARTH = 24
    CONCRETE = 25
    PANEL = 26
    ASPHALT = 27
    SHED = 28


# Red, green, blue in spring, in autumn; spread of brightness and of hue by tint; grain of the texture.
COLOURS: dict[Cover, tuple[tuple[int, int, int], tuple[int, int, int], int, int, int]] = {
    Cover.GRAIN: ((86, 112, 66), (146, 142, 74), 13, 8, 5),
    Cover.RAPE: ((150, 148, 70), (98, 116, 66), 14, 12, 5),
    Cover.FALLOW: ((146, 128, 104), (118, 132, 74), 15, 8, 6),
    Cover.GREENS: ((98, 114, 78), (86, 108, 70), 16, 10, 7),
    Cover.STUBBLE: ((122, 106, 86), (168, 152, 116), 13, 7, 6),
    Cover.HOTHOUSE: ((158, 164, 164), (142, 152, 152), 22, 2, 4),
    Cover.FISHPOND: ((84, 98, 94), (72, 92, 82), 13, 8, 2),
    Cover.ORCHARD: ((98, 98, 74), (70, 90, 58), 10, 5, 11),
    Cover.BUND: ((112, 108, 80), (104, 112, 72), 10, 4, 5),
    Cover.FOREST: ((74, 80, 58), (54, 74, 50), 6, 4, 10),
    Cover.SCRUB: ((98, 98, 74), (84, 96, 64), 8, 5, 11),
    Cover.TRACK: ((156, 144, 120), (146, 136, 112), 8, 3, 5),
    Cover.LANE: ((166, 160, 148), (162, 158, 148), 8, 2, 3),
    Cover.ROAD: ((150, 148, 142), (146, 146, 142), 4, 2, 3),
    Cover.HIGHWAY: ((134, 134, 134), (130, 132, 134), 3, 1, 2),
    Cover.MEDIAN: ((92, 104, 78), (78, 98, 66), 8, 4, 6),
    Cover.WATER: ((70, 84, 82), (62, 80, 74), 8, 5, 2),
    Cover.RIVER: ((96, 108, 98), (104, 106, 84), 3, 2, 2),
    Cover.SAND: ((182, 172, 148), (172, 164, 138), 8, 3, 5),
    Cover.ROOF: ((136, 132, 128), (136, 132, 128), 0, 0, 4),
    Cover.SHADOW: ((54, 58, 60), (50, 54, 52), 6, 2, 3),
    Cover.YARD: ((156, 148, 134), (150, 144, 132), 14, 4, 6),
    Cover.TREES: ((82, 88, 66), (62, 80, 54), 12, 5, 9),
    Cover.EARTH: ((190, 160, 122), (194, 160, 118), 10, 6, 10),
    Cover.WET_EARTH: ((138, 112, 84), (134, 108, 80), 12, 6, 10),
    Cover.CONCRETE: ((196, 194, 188), (202, 200, 194), 8, 2, 4),
    Cover.PANEL: ((56, 66, 96), (52, 62, 94), 6, 3, 3),
    Cover.ASPHALT: ((104, 104, 106), (102, 102, 106), 4, 1, 3),
    Cover.SHED: ((96, 136, 184), (92, 136, 188), 0, 0, 3),
}

ROOFS = ((138, 136, 132), (120, 118, 116), (158, 104, 86), (98, 128, 162), (206, 206, 202), (150, 120, 104))
SHEDS = ((86, 132, 186), (196, 200, 204), (98, 142, 190), (168, 176, 182), (178, 86, 72), (214, 216, 216))
SPRING, AUTUMN = 0, 1
SATURATION = 0.86  # the air takes colour out of an image taken from 600 km


def palette(season: int, gain: tuple[float, float, float], haze: float) -> NDArray[np.int16]:
    """Colours by cover and tint, (covers * 256, 3); `gain` and `haze` are the sensor's and the day's."""
    table = np.zeros((len(Cover), 256, 3))
    for cover, (spring, autumn, spread, hue, _) in COLOURS.items():
        table[cover] = np.array((spring, autumn)[season]) + _tints(spread, hue)
    for cover, choice in ((Cover.ROOF, ROOFS), (Cover.SHED, SHEDS)):
        table[cover] = np.array(choice)[np.arange(256) % len(choice)] + _tints(9, 2)
    grey = table @ np.array((0.3, 0.59, 0.11))
    table = grey[..., None] + SATURATION * (table - grey[..., None])
    seen = table * np.array(gain) * (1 - haze) + haze * np.array((168, 178, 190))
    return np.asarray(np.clip(np.round(seen), 0, 255), dtype=np.int16).reshape(-1, 3)


def grains() -> NDArray[np.int16]:
    """The amplitude of the texture by cover."""
    return np.array([COLOURS[cover][4] for cover in Cover], dtype=np.int16)


def _tints(spread: int, hue: int) -> NDArray[np.float64]:
    """Shifts of colour for the 256 tints: brightness, and red against green."""
    tint = np.arange(256)
    bright = ((tint * 73) % 256 / 127.5 - 1) * spread
    warm = ((tint * 151 + 37) % 256 / 127.5 - 1) * hue
    return np.column_stack([bright + warm, bright - 0.4 * warm, bright - 0.6 * warm])
