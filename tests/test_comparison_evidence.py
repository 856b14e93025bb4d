"""The quick form of benchmarks/comparison_evidence.py: intervals, false discoveries and power are as they should be.

The intervals of differences of proportions need no simulation: `test_paired_proportions` counts every outcome.
"""

import importlib.util
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "comparison_evidence.py"
REPLICATIONS = 120
POPULATION = 100_000
LEAST = {"counts": 0.89, "smooth": 0.87, "clusters": 0.87, "weights": 0.89}
"""Of one point: with 120 replications a coverage of .95 falls below .89 three times in a thousand."""

MEAN = {
    "counts": (0.93, 0.975),
    "smooth": (0.925, 0.975),
    "clusters": (0.925, 0.98),
    "weights": (0.92, 0.98),
}
MOST_FALSE_CALLS = 0.125
"""Of one point: with 120 replications a level of .05 comes above .125 less than once in a thousand times."""


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARK.parent)
        spec = importlib.util.spec_from_file_location("comparison_evidence", BENCHMARK)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", MEAN)
def test_intervals_of_differences_hold_the_truth_as_often_as_they_say(kind: str, benchmark: ModuleType) -> None:
    of_kind = [one for one in benchmark.settings() if one.kind == kind]
    settings = [replace(one, sizes=one.sizes[1:2]) for one in dict.fromkeys((of_kind[0], of_kind[-1]))]
    found = list(benchmark.lines(settings, REPLICATIONS, population=POPULATION))
    held = {(one.setting, one.metric): one.held for one in found if one.none < 0.5}
    assert len(held) >= 0.8 * len(found)
    assert min(held.values()) >= LEAST[kind], held
    least, greatest = MEAN[kind]
    assert least <= np.mean(list(held.values())) <= greatest, held
    assert max((one.called for one in found if one.is_null), default=0) <= MOST_FALSE_CALLS, found


@pytest.mark.sampled(2)
def test_intervals_under_weights_are_as_wide_as_the_differences_vary(benchmark: ModuleType) -> None:
    """So many intervals can't tell a coverage of .91 from one of .95, but their widths can: these vary little."""
    (setting,) = [one for one in benchmark.settings() if one.kind == "weights"]
    rng, n = np.random.default_rng(3), 1_000
    drawn = [weighted_difference(setting.draw(rng, n)) for _ in range(10_000)]
    rows = benchmark.compared(replace(setting, metrics=("accuracy",)), rng, n, REPLICATIONS).rows()
    widths = [row["ci_high"] - row["ci_low"] for row in rows if row["test_case"] != "all"]
    assert np.mean(widths) / 2 / (1.96 * np.std(drawn)) == pytest.approx(1.0, abs=0.03)


def weighted_difference(columns: dict[str, np.ndarray]) -> float:
    right = [columns[name] == columns["label"] for name in ("answer_a", "answer_b")]
    return float(np.average(right[0].astype(float) - right[1].astype(float), weights=columns["weight"]))


@pytest.mark.parametrize("correction", ["benjamini-hochberg", "benjamini-yekutieli"])
def test_corrections_hold_the_share_of_false_discoveries(correction: str, benchmark: ModuleType) -> None:
    correct = benchmark.CORRECTIONS[correction]
    null = benchmark.discoveries(correct, replications=200, effect=0.0)
    some = benchmark.mixed(correct, replications=100)
    assert null.false_share <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)
    assert some.false_share <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)
    assert some.found >= 0.3
    assert benchmark.discoveries(benchmark.CORRECTIONS["none"], replications=200, effect=0.0).any_false >= 0.5


@pytest.mark.parametrize("shared", [0.5, 0.9])
def test_the_paired_test_finds_more_than_tests_that_forget_the_pairs(shared: float, benchmark: ModuleType) -> None:
    found = benchmark.power(1_000, 0.85, 0.03, shared, 1_000)
    assert found.mid_p > found.unpaired + 0.1
    assert found.mid_p > found.apart + 0.1
    assert found.mid_p >= found.exact
    assert benchmark.power(1_000, 0.85, 0.0, shared, 4_000).mid_p <= 0.06
