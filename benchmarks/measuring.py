"""What every benchmark prints: the machine's conditions, times, ratios, and where the time went."""

import argparse
import cProfile
import os
import platform
import pstats
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

__all__ = ["Claims", "Timing", "arguments", "conditions", "peak_memory", "spent", "table", "timed"]

T = TypeVar("T")
PACKAGES = ("duckdb", "polars", "pyarrow", "numpy")


@dataclass(frozen=True)
class Timing:
    """The median of some repetitions, with the fastest and the slowest, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the median."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        if len(self.seconds) == 1:
            return f"{self.median:.3f} s (one run)"
        return f"{self.median:.3f} s ({min(self.seconds):.3f}-{max(self.seconds):.3f}, {len(self.seconds)} runs)"


class Claims:
    """Goals that a benchmark states, each with what was found; printed as they come, counted at the end."""

    def __init__(self) -> None:
        """Begin with none."""
        self.missed: list[str] = []

    def at_least(self, what: str, found: float, goal: float) -> None:
        """State that a ratio is at least some number."""
        self._state(f"{what}: {found:.2f}x, goal at least {goal:g}x", found >= goal)

    def at_most(self, what: str, found: float, goal: float, unit: str = "x") -> None:
        """State that something is at most some number."""
        self._state(f"{what}: {found:.3g} {unit}, goal at most {goal:g} {unit}", found <= goal)

    def _state(self, text: str, is_met: bool) -> None:
        print(f"{'met   ' if is_met else 'MISSED'} {text}")
        if not is_met:
            self.missed.append(text)


def arguments(about: str | None) -> argparse.Namespace:
    """Return the options: --quick runs at a small size, for the gate; equality is checked all the same."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="a small size, a few seconds")
    return parser.parse_args()


def conditions() -> str:
    """Return what the machine is, what else it was doing, and which versions ran."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}, {packages}"


def timed(work: Callable[[], T], *, runs: int = 1, before: Callable[[], object] = lambda: None) -> tuple[Timing, T]:
    """Return how long some runs took, and what the last one returned; `before` each is not counted."""
    seconds = []
    for _ in range(runs):
        before()
        start = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - start)
    return Timing(tuple(seconds)), found


def spent(work: Callable[[], object], parts: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Return how long each part of some work took, as a profiler saw it: part -> (end of the module's path, function).

    The profiler slows Python code down, so the parts say where the time goes and not how much there is.
    """
    profile = cProfile.Profile()
    start = time.perf_counter()
    profile.runcall(work)
    total = time.perf_counter() - start
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    rows, rest = [], total
    for part, (module, function) in parts.items():
        found = sum(one[3] for (path, _, name), one in stats.items() if path.endswith(module) and name == function)
        rest -= found
        rows.append((part, f"{found:.3f} s"))
    return [*rows, ("everything else", f"{rest:.3f} s"), ("together, profiled", f"{total:.3f} s")]


def peak_memory() -> float:
    """Return the most memory that this process has held so far, in GiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 2**20


def table(title: str, rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)] if texts else []
    print(f"\n{title}")
    for row in texts:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
