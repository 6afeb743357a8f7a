"""Measure every part, print the tables and write RESULTS.md.

python -m benchmarks [--runs N] [PART …]
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import cold_start, waiting, warm
from benchmarks.report import Part, markdown

PARTS: dict[str, Callable[[int], Part]] = {
    "cold_start": cold_start.measure,
    "warm": warm.measure,
    "waiting": waiting.measure,
}
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Only a run of all parts is written down."""
    options = argparse.ArgumentParser(description="This function and a plain one, side by side.")
    options.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    options.add_argument("--runs", type=int, default=7, help="how often each is measured")
    chosen = options.parse_args()
    parts = []
    for name in chosen.parts or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        parts.append(PARTS[name](chosen.runs))
    report = markdown(parts)
    print(report)
    if not chosen.parts:
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
