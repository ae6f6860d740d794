"""The lock on GDAL's doors: every driver of every build is known, and none but the allowed is left in the child."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pipeline.io.drivers import ALLOWED, KNOWN, parser_environment

_LIST = """
import json, fiona, pyogrio, rasterio
with fiona.Env() as env: fionas = set(env.drivers())
with rasterio.Env() as env: rasters = set(env.drivers())
print(json.dumps(sorted(fionas | rasters | set(pyogrio.list_drivers()))))
"""


def drivers(environment: dict[str, str]) -> set[str]:
    ended = subprocess.run([sys.executable, "-c", _LIST], env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_an_upgrade_brings_no_unknown_driver() -> None:
    assert drivers(dict(os.environ)) - set(KNOWN) == set()


def test_the_child_has_only_the_allowed() -> None:
    assert drivers(dict(os.environ) | parser_environment()) <= set(ALLOWED) | {
        "HTTP",
        "GNMFile",
        "GNMDatabase",
        "DERIVED",
    }
