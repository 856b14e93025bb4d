"""Of the many cases of an expensive test a run takes some: its seed says which.

`@pytest.mark.sampled(k)` lets about one in k of the cases of a parametrised test run, at least one; the others are
deselected. Another seed takes others, and every case is taken by some seed. Cases are taken along diagonals of the
parameters, so that values of each of them come up as often as they can. Tests without parameters that are marked take
turns in their module, as if they were the cases of one test. `--thorough` runs all cases and gives single
tests their whole size (see thoroughness.py). A test that is named (`FILE::NAME`, `-k`, `--lf`) runs whole, and
a case that failed runs until it passes.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

SETTING = "KOLENA_STORE_THOROUGH"
"""Set to 1 by `--thorough`, for the workers and all other processes that the tests start."""

MARKER = (
    "sampled(k): of the cases of this test, or of the module's tests that are marked and have none, about one in k runs;"
    " the run's seed says which ones, and --thorough runs all"
)
LEFT_OUT = "sampled_cases_left_out"
_LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run all cases of the sampled tests, in their whole size")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    if config.getoption("thorough"):
        os.environ[SETTING] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(SETTING) == "1" or config.getoption("keyword") or config.getoption("lf", False):
        return
    failed = failed_before(config)
    left_out = {
        id(item)
        for cases in sampled_tests(config, items)
        for item in left_out_cases(config, cases)
        if item.nodeid not in failed
    }
    if left_out:
        config.stash[_LEFT_OUT] = len(left_out)
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the process that reports know what its workers left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[LEFT_OUT] = session.config.stash.get(_LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """Every worker leaves the same out."""
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get(LEFT_OUT, 0)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if count := config.stash.get(_LEFT_OUT, 0):
        seed = config.getoption("randomly_seed", None)
        chosen = "" if seed is None else f" with --randomly-seed={seed}"
        terminalreporter.write_line(f"{count} cases of sampled tests were left out{chosen}; --thorough runs all")


def sampled_tests(config: pytest.Config, items: Sequence[pytest.Item]) -> list[list[pytest.Item]]:
    """Return the cases of each parametrised test that is sampled, and of each module its sampled tests without any."""
    named = named_tests(config)
    tests = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled") and not is_named(item, named):
            tests[test_of(item)].append(item)
    return list(tests.values())


def failed_before(config: pytest.Config) -> frozenset[str]:
    """Return the node ids of the cases that failed when they ran last, whatever the seed is now."""
    cache = getattr(config, "cache", None)
    return frozenset() if cache is None else frozenset(cache.get("cache/lastfailed", {}))


def named_tests(config: pytest.Config) -> list[tuple[Path, str]]:
    """Return the file and the name of each test that the command names."""
    parts = [argument.partition("::") for argument in config.args if "::" in argument]
    return [((config.invocation_params.dir / path).resolve(), name) for path, _, name in parts]


def is_named(item: pytest.Item, named: Sequence[tuple[Path, str]]) -> bool:
    name = item.nodeid.partition("::")[2]
    return any(item.path == path and f"{name}::".startswith((f"{one}::", f"{one}[")) for path, one in named)


def test_of(item: pytest.Item) -> str:
    """Return the node id without the parameters, or the module of a test that has none.

    It is the same wherever the checkout lies.
    """
    return item.nodeid.partition("[" if hasattr(item, "callspec") else "::")[0]


def left_out_cases(config: pytest.Config, cases: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the cases of one test that don't run."""
    (one_in,) = cases[0].get_closest_marker("sampled").args
    seed = config.getoption("randomly_seed", None)
    digest = hashlib.sha256(f"{seed}::{test_of(cases[0])}".encode()).digest()
    offset = 0 if seed is None else int.from_bytes(digest[:4], "big")
    taken = taken_numbers(diagonals(axes_of(cases), one_in), offset)
    return [case for number, case in enumerate(cases) if number not in taken]


def axes_of(cases: Sequence[pytest.Item]) -> list[Sequence[int]]:
    """Return for each parameter the place of each case on it; tests without parameters stand on one axis."""
    if not hasattr(cases[0], "callspec"):
        return [range(len(cases))]
    indices = [case.callspec.indices for case in cases]
    return [[each[name] for each in indices] for name in indices[0]]


def diagonals(axes: Sequence[Sequence[int]], one_in: int) -> list[int]:
    """Return the diagonal of each case: the sum of its places on the axes, modulo `one_in`.

    Names that are parametrised together have the same places, and are one axis.
    """
    return [sum(places) % one_in for places in zip(*dict.fromkeys(map(tuple, axes)), strict=True)]


def taken_numbers(of_cases: Sequence[int], offset: int) -> set[int]:
    """Return the numbers of the cases on one of the diagonals that there are."""
    there_are = sorted(set(of_cases))
    chosen = there_are[offset % len(there_are)]
    return {number for number, diagonal in enumerate(of_cases) if diagonal == chosen}
