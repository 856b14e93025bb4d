"""The quick form of benchmarks/interval_coverage.py: intervals hold the true value about as often as they say."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "interval_coverage.py"
REPLICATIONS = 160
POPULATION = 100_000
"""Beside the samples of a replication its own error is small: it makes a coverage of .95 less by at most .001."""

LEAST = {"proportion": 0.90, "table": 0.89, "smooth": 0.87, "clusters": 0.82, "weights": 0.87}
"""Of one point: with 160 replications a coverage of .95 falls below .90 three times in a thousand."""

MEAN = {
    "proportion": (0.935, 0.97),
    "table": (0.925, 0.975),
    "smooth": (0.925, 0.97),
    "clusters": (0.91, 0.97),
    "weights": (0.92, 0.97),
}


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("interval_coverage", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("kind", MEAN)
def test_intervals_hold_the_truth_as_often_as_they_say(kind: str, benchmark: ModuleType) -> None:
    of_kind = [one for one in benchmark.settings() if one.kind == kind]
    settings = [replace(one, sizes=one.sizes[1:2]) for one in (of_kind[0], of_kind[-1])]
    found = list(benchmark.lines(settings, REPLICATIONS, population=POPULATION))
    values = {(one.setting, one.metric): one.coverage for one in found}
    assert len(values) > 5
    assert not np.isnan(list(values.values())).any()
    assert min(values.values()) >= LEAST[kind], values
    least, greatest = MEAN[kind]
    assert least <= np.mean(list(values.values())) <= greatest, values
