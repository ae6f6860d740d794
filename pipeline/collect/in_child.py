"""The child that opens a stranger's return; started by `reading`, never imported by it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

from pipeline.collect.bundle import read_bundle
from pipeline.collect.reading import BEGUN, MADE
from pipeline.collect.remembered import remember
from pipeline.collect.unread import Unread
from pipeline.collect.values import terms_of


def main(folder: str) -> None:
    """Read the return named in `<folder>/job`, write `<folder>/made.json`."""
    scratch = Path(folder)
    path, name, form, facts, maps, deadly = pickle.loads((scratch / "job").read_bytes())
    with (scratch / BEGUN).open("w", encoding="utf-8") as begun:

        def tell(shown: str) -> None:
            begun.write(json.dumps(shown) + "\n")
            begun.flush()
            if shown in deadly:
                raise Unread("killed", detail=deadly[shown])

        found = read_bundle(Path(path), name, scratch, terms_of(form, facts, maps), tell)
    remember(scratch / MADE, found)
