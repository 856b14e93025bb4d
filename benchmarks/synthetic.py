"""Synthetic samples, predicates and answers, the same for every benchmark and every run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

__all__ = ["Case", "answers", "cases", "samples", "suite_text"]

COUNTRIES, CAMERAS, WEATHERS = 50, 20, 6
NUMBERS = ("length", "age", "brightness", "distance")


@dataclass(frozen=True)
class Case:
    """A test case: its name, and a predicate that DuckDB and Polars both read."""

    name: str
    predicate: str


def samples(n: int, seed: int = 0) -> pa.Table:
    """Return n samples with ten metadata columns (texts, whole numbers, floats, a flag) and a binary label."""
    random = np.random.default_rng(seed)

    def texts(prefix: str, n_values: int) -> pa.Array:
        weights = 1 / np.arange(1, n_values + 1)
        codes = random.choice(n_values, n, p=weights / weights.sum()).astype(np.int32)
        names = pa.array([f"{prefix} {value}" for value in range(n_values)])
        return pa.DictionaryArray.from_arrays(pa.array(codes), names).cast(pa.string())

    return pa.table(
        {
            "id": np.arange(n),
            "country": texts("country", COUNTRIES),
            "camera": texts("camera", CAMERAS),
            "weather": texts("weather", WEATHERS),
            "hour": random.integers(0, 24, n),
            "n_objects": random.poisson(6, n),
            "length": random.gamma(2.0, 50.0, n).round(3),
            "age": random.integers(0, 100, n),
            "brightness": random.random(n),
            "distance": random.exponential(30.0, n),
            "is_night": random.random(n) < 0.3,
            "label": pa.array(np.where(random.random(n) < 0.2, "yes", "no")),
        }
    )


def answers(table: pa.Table, model: int, *, with_score: bool = False) -> pa.Table:
    """Return what a model says of the samples: right in about nine of ten, more often for some countries."""
    random = np.random.default_rng(100 + model)
    n = table.num_rows
    truth = np.asarray(table.column("label").to_numpy(zero_copy_only=False) == "yes")
    score = np.clip(truth * 0.45 + random.normal(0.3, 0.12 + 0.01 * model, n), 0, 1).round(4)
    columns = {"id": table.column("id"), "prediction": pa.array(np.where(score >= 0.5, "yes", "no"))}
    return pa.table({**columns, **({"score": score} if with_score else {})})


def cases(n_cases: int, seed: int = 1) -> list[Case]:
    """Return test cases: three of ten by equality, three by a range, four by a conjunction of two or three such."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(n_cases):
        kind = random.random()
        if kind < 0.3:
            predicate = _equality(random)
        elif kind < 0.6:
            predicate = _range(random)
        else:
            n_parts = int(random.integers(2, 4))
            predicate = " AND ".join(
                _equality(random) if random.random() < 0.4 else _range(random) for _ in range(n_parts)
            )
        found.append(Case(name=f"case {number}", predicate=predicate))
    return found


def suite_text(chosen: Sequence[Case]) -> str:
    """Return the test cases as the text of a suite."""
    return "\n".join(f'CREATE VIEW "{one.name}" AS SELECT * FROM test_samples WHERE {one.predicate};' for one in chosen)


def _equality(random: np.random.Generator) -> str:
    return str(
        random.choice(
            [
                f"country = 'country {random.integers(COUNTRIES)}'",
                f"camera = 'camera {random.integers(CAMERAS)}'",
                f"weather = 'weather {random.integers(WEATHERS)}'",
                f"hour = {random.integers(24)}",
                f"n_objects = {random.integers(12)}",
                "is_night",
            ]
        )
    )


def _range(random: np.random.Generator) -> str:
    column = str(random.choice(NUMBERS))
    low, width = {
        "length": (random.integers(0, 200), random.integers(5, 80)),
        "age": (random.integers(0, 90), random.integers(2, 20)),
        "brightness": (random.integers(0, 90) / 100, random.integers(2, 20) / 100),
        "distance": (random.integers(0, 60), random.integers(3, 40)),
    }[column]
    return f"{column} >= {low} AND {column} < {round(low + width, 4)}"
