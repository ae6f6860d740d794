"""The door to imagery: scenes described once, decoded tiles kept, any grid filled from several scenes, windows
around pieces written as one sparse COG."""

from pipeline.io.geotiff import BrokenRaster, opened
from pipeline.io.grids import Bounds, Grid, Window, covering, grid_in, meets, moved, north_up, scene_grid
from pipeline.io.mosaic import burnt, hole_rings, mosaic
from pipeline.io.scenes import bands_named, read_scene
from pipeline.io.sparse import SparseSummary, write_sparse
from pipeline.io.tiles import Pixels, TileCache

__all__ = [
    "Bounds",
    "BrokenRaster",
    "Grid",
    "Pixels",
    "SparseSummary",
    "TileCache",
    "Window",
    "bands_named",
    "burnt",
    "covering",
    "grid_in",
    "hole_rings",
    "meets",
    "mosaic",
    "moved",
    "north_up",
    "opened",
    "read_scene",
    "scene_grid",
    "write_sparse",
]
