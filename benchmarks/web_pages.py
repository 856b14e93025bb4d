"""The server time of every page on a store of a million samples, five models and a thousand test cases.

    python benchmarks/web_pages.py [SAMPLES] [TEST CASES] [MODELS]

It prints the median and the 95th percentile of ten requests, after a first one, whose time stands apart.
"""

import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
from starlette.testclient import TestClient

import kolena_store as ks
from kolena_store.web.application import create_application

N_REQUESTS = 10
GOALS = {"/leaderboard": 0.2, "/compare": 0.2, "/case": 0.2, "/samples": 0.5, "/slices/measured": 0.5}


def build(root: Path, n_samples: int, n_cases: int, n_models: int) -> None:
    """Make the store: a binary problem with scores, and test cases that are ranges of metadata."""
    random = np.random.default_rng(1)
    truth = random.random(n_samples) < 0.3
    samples = pa.table(
        {
            "id": np.arange(n_samples),
            "kind": np.where(truth, "spam", "ham"),
            "length": random.integers(1, 1000, n_samples),
            "brightness": random.random(n_samples),
            "country": random.integers(0, 40, n_samples).astype(str),
        }
    )
    cases = [
        f'CREATE VIEW "case {number:04d}" AS SELECT * FROM test_samples WHERE length BETWEEN {number % 900} AND '
        f"{number % 900 + 50} AND brightness > {number % 7 / 10};"
        for number in range(n_cases)
    ]
    store = ks.Store(root)
    store.upload_dataset(
        "spam", samples, id_fields=["id"], workflow=ks.Classification("kind", score="score", positive="spam")
    )
    for number in range(n_models):
        noise = random.normal(0, 0.25 + 0.02 * number, n_samples)
        score = np.clip(0.5 + np.where(truth, 0.25, -0.25) + noise, 0, 1)
        store.upload_results("spam", f"v{number}", pa.table({"id": np.arange(n_samples), "score": score}))
    store.apply_suite("spam", "\n".join(cases), name="many")
    headlines = ["accuracy", "precision", "recall"]
    store.test("spam", suite="many", metrics=headlines)
    store.compare("spam", None, "v0", "many", metrics=headlines)


def addresses() -> list[tuple[str, dict[str, object]]]:
    """Return the pages, with parameters that ask much of them."""
    spam: dict[str, object] = {"dataset": "spam", "suite": "many"}
    return [
        ("/", {}),
        ("/leaderboard", spam),
        ("/leaderboard", {**spam, "sort": "delta", "by": "v1", "page": 5}),
        ("/leaderboard", {**spam, "view": "compact"}),
        ("/compare", {**spam, "model": "v1", "baseline": "v0"}),
        ("/case", {**spam, "case": "case 0100", "model": ["v0", "v1"]}),
        ("/samples", {**spam, "case": "case 0100", "model": ["v1", "v0"], "answers": "worse"}),
        ("/samples", {**spam, "model": ["v1", "v0"], "sort": "brightness", "desc": "1", "page": 5000}),
        ("/samples", {**spam, "where": "length < 100 AND country LIKE '1%'"}),
        ("/slices/measured", {**spam, "where": "length < 100 AND brightness > 0.5"}),
        ("/runs", spam),
    ]


def main(n_samples: int = 1_000_000, n_cases: int = 1_000, n_models: int = 5) -> None:
    """Print the times."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "many.store"
        started = time.perf_counter()
        build(root, n_samples, n_cases, n_models)
        print(
            f"built in {time.perf_counter() - started:.0f} s: {n_samples:,} samples, {n_models} models, {n_cases} cases"
        )
        print(f"{'page':70} {'first':>8} {'median':>8} {'p95':>8} {'kB':>6} {'goal':>6}")
        with TestClient(create_application(root)) as client:
            for path, parameters in addresses():
                address = f"{path}?{urlencode(parameters, doseq=True)}"
                times = []
                for _ in range(N_REQUESTS + 1):
                    begun = time.perf_counter()
                    answer = client.get(address)
                    times.append(time.perf_counter() - begun)
                    assert answer.status_code == 200, answer.text[:2000]
                first, rest = times[0], sorted(times[1:])
                goal = GOALS.get(path)
                p95 = rest[int(len(rest) * 0.95)]
                median = rest[len(rest) // 2]
                is_met = "" if goal is None else f"{goal:g} {'met' if median <= goal else 'MISSED'}"
                size = len(answer.content) // 1024
                print(f"{address[:70]:70} {first:8.3f} {median:8.3f} {p95:8.3f} {size:6} {is_met}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
