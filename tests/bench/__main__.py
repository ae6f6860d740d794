"""Run the benches named on the command line, or all."""

from __future__ import annotations

import importlib
import sys

BENCHES = ("fresh", "sheets", "ingest", "clip", "postgis", "returns", "county_packages", "faults")


def main() -> None:
    for name in sys.argv[1:] or BENCHES:
        print(f"== {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main()
