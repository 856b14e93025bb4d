"""Stores that tests of plots, pages and reports look at, and the names that must do no harm there."""

import json

import numpy as np
import pyarrow as pa

import kolena_store as ks

HOSTILE = (
    "<script>alert(1)</script> \"quoted\" 'too' & \u202eright to left\u202c \N{GRINNING FACE} ${x} {{7*7}} ../../etc"
)
N_SAMPLES = 400
SUITE = """
CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < 30;
COMMENT ON VIEW "Short" IS 'Fewer than 30 characters';
CREATE VIEW "German" AS SELECT * FROM test_samples WHERE language = 'de';
CREATE VIEW "Nothing" AS SELECT * FROM test_samples WHERE length < 0;
"""


def spam_tables() -> tuple[pa.Table, dict[str, pa.Table]]:
    """Two models that score spam: `new` is better on all and worse where the text is short."""
    random = np.random.default_rng(5)
    length = random.integers(1, 120, N_SAMPLES).astype(float)
    is_spam = random.random(N_SAMPLES) < 0.4
    noise = {"old": 0.42, "new": 0.12}
    centre = {"old": np.full(N_SAMPLES, 0.25), "new": np.where(length < 30, -0.05, 0.25)}
    samples = pa.table(
        {
            "id": np.arange(N_SAMPLES),
            "kind": np.where(is_spam, "spam", "ham"),
            "language": [("en", "de", None)[number % 3] for number in range(N_SAMPLES)],
            "length": np.where(np.arange(N_SAMPLES) % 50 == 7, np.nan, length),
            "text": [HOSTILE if number == 3 else f"message {number}" for number in range(N_SAMPLES)],
        }
    )
    scores = {
        model: np.clip(0.5 + np.where(is_spam, 1, -1) * centre[model] + random.normal(0, level, N_SAMPLES), 0, 1)
        for model, level in noise.items()
    }
    return samples, {model: pa.table({"id": np.arange(N_SAMPLES), "score": score}) for model, score in scores.items()}


def spam_store(store: ks.Store) -> ks.Store:
    """Fill a store with `spam`, the models `old` and `new`, the suite `everyday` and runs on it."""
    samples, answers = spam_tables()
    workflow = ks.Classification("kind", score="score", positive="spam")
    with store.transaction():
        store.upload_dataset("spam", samples, id_fields=["id"], workflow=workflow)
        for model, table in answers.items():
            store.upload_results("spam", model, table)
        store.apply_suite("spam", SUITE, name="everyday")
        store.test("spam", suite="everyday")
    return store


def corrected_store(store: ks.Store) -> ks.Store:
    """Change a store of `spam`: other labels for every seventh sample, three samples gone, `newer` tested on it."""
    samples, answers = spam_tables()
    kinds = [
        {"spam": "ham", "ham": "spam"}[kind] if number % 7 == 0 else kind
        for number, kind in enumerate(samples.column("kind").to_pylist())
    ]
    changed = samples.set_column(1, "kind", pa.array(kinds)).slice(3)
    with store.transaction():
        store.upload_dataset("spam", changed, id_fields=["id"])
        store.upload_results("spam", "newer", answers["old"].slice(3))
        store.test("spam", ["new", "newer"], suite="everyday")
    return store


STANDARD = """
[standard]
name = "mail"
dataset = "spam"
suite = "everyday"

[[gate]]
id = "right"
metric = "accuracy"
cases = ["*"]
at_least = 0.75

[[gate]]
id = "no worse"
metric = "accuracy"
cases = ["all", "Short"]
baseline = "not_regressed"

[[waiver]]
gate = "right"
case = "Short"
reason = "short ones <b>come later</b>"
expires = 2100-01-01

[[waiver]]
gate = "no worse"
case = "Short"
reason = "was known"
expires = 2020-01-01
"""


def homes_store(store: ks.Store) -> ks.Store:
    """Fill a store with `homes`, a regression with one model and its runs."""
    random = np.random.default_rng(6)
    area = random.uniform(20, 200, 300)
    price = 1000 * area
    said = price + random.normal(0, 100 * area)
    with store.transaction():
        store.upload_dataset(
            "homes",
            pa.table({"id": np.arange(300), "area": area, "price": price}),
            id_fields=["id"],
            workflow=ks.Regression("price", prediction="said"),
        )
        store.upload_results("homes", "v1", pa.table({"id": np.arange(300), "said": said}))
        store.test("homes")
    return store


def hostile_store(store: ks.Store) -> ks.Store:
    """Fill a store whose every name and text is hostile."""
    name = HOSTILE.replace("\u202e", "").replace("\u202c", "")
    samples, answers = spam_tables()
    samples = samples.rename_columns(["id", "kind", name, "length", "text"])
    workflow = ks.Classification("kind", score="score", positive="spam")
    suite = f'CREATE VIEW "{name.replace(chr(34), chr(34) * 2)}" AS SELECT * FROM test_samples WHERE length < 30;'
    with store.transaction():
        store.upload_dataset(name, samples, id_fields=["id"], workflow=workflow, description=name, tags=[name])
        for model, table in answers.items():
            store.upload_results(name, f"{model} {name}", table)
        store.apply_suite(name, suite, name=name, description=name, tags=[name])
        store.test(name, suite=name)
    return store


def street_store(store: ks.Store, kind: str = "boxes") -> ks.Store:
    """Fill a store with `street`: objects on six images, found by `good` and, but for the last class, by `poor`.

    `kind` is boxes, masks or keypoints; the images are `0.png` to `5.png` of 100 by 80 pixels.
    """
    places = [(10, 10, 30, 20), (50, 40, 40, 30)]
    images = [
        {"image": f"{n}", "file": f"{n}.png", "weather": "rain" if n % 2 else "sun", "height": 80, "width": 100}
        for n in range(6)
    ]
    truths = [
        {"image": f"{n}", "label": label, **_object(kind, *place)}
        for n in range(6)
        for label, place in zip(("car", HOSTILE), places, strict=True)
    ]
    answers = {
        "good": [{**one, "score": 0.9 if number % 5 else 0.8} for number, one in enumerate(truths)],
        "poor": [
            {**one, **_object(kind, 12, 11, 30, 20), "label": "car", "score": 0.6 + 0.02 * number}
            for number, one in enumerate(truths)
            if number % 3
        ],
    }
    workflow = {"boxes": ks.ObjectDetection, "masks": ks.InstanceSegmentation, "keypoints": ks.KeypointDetection}[kind]
    options = {"keypoints": {"sigmas": [0.05, 0.05, 0.05]}}.get(kind, {})
    suite = "CREATE VIEW \"Rain\" AS SELECT * FROM test_samples WHERE weather = 'rain';"
    with store.transaction():
        store.upload_dataset("street", images, id_fields=["image"], objects=truths, workflow=workflow(**options))
        for model, found in answers.items():
            store.upload_results("street", model, found)
        store.apply_suite("street", suite, name="weather")
        store.test("street", suite="weather")
    return store


def _object(kind: str, left: int, top: int, width: int, height: int) -> dict[str, object]:
    box = {"x": float(left), "y": float(top), "width": float(width), "height": float(height)}
    right, bottom = left + width, top + height
    if kind == "masks":
        ring = [left, top, right, top, right, bottom, left, bottom]
        return {**box, "segmentation": json.dumps([ring] if left < 20 else _filled(left, top, width, height))}
    if kind == "keypoints":
        return {**box, "keypoints": [left + 1, top + 1, 2, right - 1, bottom - 1, 2, 0, 0, 0]}
    return box


def _filled(left: int, top: int, width: int, height: int) -> dict[str, object]:
    """Return a box of an image of 100 by 80 pixels as COCO's run-length encoding, which goes down the columns."""
    runs = [left * 80 + top]
    for _ in range(width - 1):
        runs += [height, 80 - height]
    return {"size": [80, 100], "counts": [*runs, height, 100 * 80 - sum(runs) - height]}
