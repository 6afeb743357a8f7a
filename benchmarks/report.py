"""What a part measured, as rows of a table: plain and ours, their medians, spread and ratio."""

import os
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Row:
    """One quantity: what was measured in each run of either side, in `unit` ("s", "ms", "MB", "")."""

    quantity: str
    unit: str
    plain: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        """Our median as a part of plain's."""
        return median(self.ours) / median(self.plain)


@dataclass(frozen=True)
class Part:
    """A table under a heading, with a sentence on how it was measured."""

    title: str
    how: str
    rows: list[Row]
    compared_with: str = "plain"


def markdown(parts: list[Part]) -> str:
    """The whole report."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("openai", "httpx2", "pydantic"))
    # of the last 15 minutes: other work on the machine lengthens the times
    where = f"{machine()}, load {os.getloadavg()[2]:.1f}"
    facts = f"{datetime.now(UTC):%Y-%m-%d} · {where} · Python {platform.python_version()} · {packages}"
    heading = f"# Results\n\nMade by `python -m benchmarks`. {facts}\n"
    return "\n".join([heading, *(section(part) for part in parts)])


def section(part: Part) -> str:
    """One part as Markdown; medians, with the least and the most in brackets."""
    header = f"| | {part.compared_with} | this function | ratio |\n| --- | ---: | ---: | ---: |"
    lines = [
        f"| {row.quantity} | {spread(row.plain, row.unit)} | {spread(row.ours, row.unit)} | {row.ratio:.2f} |"
        for row in part.rows
    ]
    return "\n".join([f"## {part.title}\n\n{part.how}\n", header, *lines, ""])


def spread(values: list[float], unit: str) -> str:
    """Median, and the least and the most where they differ."""
    digits = decimals(values)
    least, middle, most = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{middle} {unit}".strip() + (f" ({least} to {most})" if least != most else "")


def decimals(values: list[float]) -> int:
    """Three digits in all, as far as there is something behind the point."""
    if all(value.is_integer() for value in [*values, median(values)]):
        return 0
    return 2 if median(values) < 10 else 1 if median(values) < 100 else 0


def machine() -> str:
    """Processor and system."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = f"{len(names)} × {names[0]}" if names else platform.machine()
    return f"{cores}, {platform.system()} ({sys.platform})"
