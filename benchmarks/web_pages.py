"""How long each page of the web app takes: a million samples, five models, a thousand test cases.

It prints the median and the 95th percentile of twenty requests to the server, after a first one that stands apart;
with Chromium and Playwright also when a browser paints the leaderboard first.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
from measuring import Claims, arguments, conditions
from starlette.testclient import TestClient

import kolena_store as ks
from kolena_store.web.application import create_application

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


def addresses() -> list[tuple[str, str, Callable[[int], dict[str, object]]]]:
    """Return the pages by name, with parameters that ask much of them.

    Predicates, test cases and pages of sorted tables are new ones at every request.
    """
    spam: dict[str, object] = {"dataset": "spam", "suite": "many"}
    case, pair = {**spam, "case": "case 0010"}, {"model": ["v1", "v0"]}
    by_difference = {**spam, "sort": "delta", "by": "v1"}

    def nth(number: int) -> dict[str, object]:
        return {**spam, "case": f"case {number:04d}"}

    return [
        ("overview", "/", lambda _: {}),
        ("leaderboard", "/leaderboard", lambda _: spam),
        (
            "leaderboard, by difference",
            "/leaderboard",
            lambda n: {**by_difference, "page": 1 + n % 10},
        ),
        ("leaderboard, all on one page", "/leaderboard", lambda _: {**spam, "view": "compact"}),
        ("compare", "/compare", lambda _: {**spam, "model": "v1", "baseline": "v0"}),
        ("test case", "/case", lambda n: {**nth(n), "model": ["v0", "v1"]}),
        ("samples, worse in a test case", "/samples", lambda n: {**nth(n), **pair, "answers": "worse"}),
        ("samples, sorted", "/samples", lambda n: {**spam, **pair, "sort": "brightness", "desc": "1", "page": 500 * n}),
        ("samples, a predicate", "/samples", lambda n: {**spam, "where": f"length < {99 + n} AND country LIKE '1%'"}),
        (
            "slice, a predicate",
            "/slices/measured",
            lambda n: {**spam, "where": f"length < {99 + n} AND brightness > 0.5"},
        ),
        ("runs over time", "/runs", lambda _: {**case, "metric": "accuracy"}),
    ]


def page_times(root: Path, claims: Claims, n_requests: int) -> None:
    """Print how long the server takes for each page, after a first request whose time stands apart."""
    print(f"{'page':32} {'first':>8} {'median':>8} {'p95':>8} {'kB':>6}")
    with TestClient(create_application(root)) as client:
        for name, path, parameters in addresses():
            times = []
            for number in range(n_requests + 1):
                address = f"{path}?{urlencode(parameters(number + 1), doseq=True)}"
                begun = time.perf_counter()
                answer = client.get(address)
                times.append(time.perf_counter() - begun)
                assert answer.status_code == 200, answer.text[:2000]
            first, rest = times[0], np.array(times[1:])
            p95 = float(np.quantile(rest, 0.95))
            print(
                f"{name:32} {first:8.3f} {np.median(rest):8.3f} {p95:8.3f} {len(answer.content) // 1024:6}", flush=True
            )
            if path in GOALS:
                claims.at_most(f"{name}, 95th percentile", p95, GOALS[path], "s")


def first_paint(root: Path, claims: Claims, n_requests: int) -> None:
    """Print when a browser paints the leaderboard first, each time with nothing cached."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print("no Chromium with Playwright here: the first paint is not measured")
        return
    command = [sys.executable, "-m", "kolena_store", "ui", "--store", str(root), "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        base = server.stdout.readline().strip()
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            times = [_painted(browser, f"{base}leaderboard?dataset=spam&suite=many") for _ in range(n_requests + 1)]
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=30)
    median = float(np.median(times[1:]))
    print(f"first contentful paint of the leaderboard: median {median:.3f} s, first {times[0]:.3f} s")
    claims.at_most("first contentful paint", median, 1.0, "s")


def _painted(browser: "Browser", address: str) -> float:
    page = browser.new_context().new_page()
    page.goto(address)
    found = page.evaluate(
        """() => new Promise(done => new PerformanceObserver(list => {
            const paint = list.getEntriesByName('first-contentful-paint')[0];
            if (paint) done(paint.startTime);
        }).observe({type: 'paint', buffered: true}))"""
    )
    page.context.close()
    return float(found) / 1000


def main() -> None:
    """Print the times."""
    quick = arguments(__doc__).quick
    size = (20_000, 30, 2) if quick else (1_000_000, 1_000, 5)
    n_requests, claims = (2 if quick else 20), Claims()
    print(conditions())
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "many.store"
        started = time.perf_counter()
        build(root, *size)
        n_samples, n_cases, n_models = size
        print(
            f"built in {time.perf_counter() - started:.0f} s: {n_samples:,} samples, {n_models} models, {n_cases} cases"
        )
        page_times(root, claims, n_requests)
        if not quick:
            first_paint(root, claims, n_requests)
    print(f"missed: {len(claims.missed)}")


if __name__ == "__main__":
    main()
