"""CIFAR-10 with what others say of its labels as attached tables: a cross-validated model, reviewers, classifiers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from real_data import DATA, NEEDS_REAL_DATA

import kolena_store as ks

pytestmark = NEEDS_REAL_DATA

FOLDER = DATA / "cifar10_models"
N_DOUBTED = 706
"""Of the 10,000 images of the test set: the cross-validated model is right on 92.94 % of them."""

SUITE = """
CREATE VIEW doubted AS SELECT * FROM test_samples s
    WHERE EXISTS (FROM opinions o WHERE o._sample = s._sample AND o.says <> s.label);
CREATE VIEW "doubted for sure" AS SELECT * FROM test_samples s
    WHERE EXISTS (FROM opinions o WHERE o._sample = s._sample AND o.says <> s.label AND o.probability > 0.9);
CREATE VIEW "not asked" AS SELECT * FROM test_samples WHERE _sample NOT IN (SELECT _sample FROM opinions);
"""


def samples() -> pl.DataFrame:
    return pl.read_parquet(FOLDER / "tidy" / "samples.parquet")


def predictions() -> pl.DataFrame:
    return pl.read_parquet(FOLDER / "tidy" / "predictions_3models.parquet")


def opinions() -> pl.DataFrame:
    """What the model that was cross-validated over the test set says of each of its images."""
    asked = samples().filter(pl.col("cleanlab_cv_pred").is_not_null())
    return asked.select("sample_id", says="cleanlab_cv_pred", probability="cleanlab_cv_max_prob")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ks.Store]:
    found = ks.Store(tmp_path_factory.mktemp("cifar") / "store")
    with found.transaction():
        tables = {"opinions": opinions(), "votes": predictions()}
        plain = samples().drop("cleanlab_cv_pred", "cleanlab_cv_max_prob")
        found.upload_dataset("cifar", plain, workflow=ks.Classification("label"), tables=tables)
        found.upload_results("cifar", None, predictions(), model_field="model")
        found.apply_suite("cifar", SUITE, name="review")
    yield found


def test_classifiers_are_worse_where_the_labels_are_doubted(store: ks.Store) -> None:
    results = store.test("cifar", suite="review", metrics=["accuracy"])
    joined = (
        predictions().join(samples(), on="sample_id").with_columns(is_right=pl.col("prediction") == pl.col("label"))
    )
    doubted = joined.filter(pl.col("cleanlab_cv_pred") != pl.col("label"))
    for model in results.models:
        found = {case: results[case, model, "accuracy"] for case in ("all", "doubted", "doubted for sure", "not asked")}
        expected = doubted.filter(model=model)["is_right"].mean()
        assert (found["doubted"].n, found["not asked"].n) == (N_DOUBTED, 4021)
        assert found["doubted"].value == pytest.approx(expected, abs=1e-12)
        assert found["doubted for sure"].value < found["doubted"].value < found["all"].value


def test_classifiers_as_annotators_agree_as_krippendorffs_alpha_says(store: ks.Store) -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    text = page.split("```sql agreement.sql\n")[1].split("```")[0]
    for old, new in (("says", "prediction"), ("annotations", "votes"), ("interval: bootstrap", "interval: none")):
        text = text.replace(old, new)
    store.apply_metrics("cifar", text)
    model = str(store.models()[0].name)
    results = store.test("cifar", model, "review", metrics=["annotator_alpha"])
    votes = predictions().pivot(on="model", index="sample_id", values="prediction")
    doubted = samples().filter(pl.col("cleanlab_cv_pred") != pl.col("label"))["sample_id"]
    for case, rows in (("all", votes), ("doubted", votes.filter(pl.col("sample_id").is_in(doubted.implode())))):
        said = rows.drop("sample_id").to_numpy()
        differing = np.mean([(said[:, a] != said[:, b]).mean() for a, b in ((0, 1), (0, 2), (1, 2))])
        counts = np.unique(said, return_counts=True)[1]
        by_chance = (said.size**2 - (counts.astype(float) ** 2).sum()) / (said.size * (said.size - 1))
        assert results[case, model, "annotator_alpha"].value == pytest.approx(1 - differing / by_chance)


def test_labels_that_reviewers_found_wrong_are_a_slice(store: ks.Store) -> None:
    found = sorted(FOLDER.rglob("*mturk*.parquet"))
    if not found:
        pytest.skip(f"the review of the labels by people is not below {FOLDER}")
    review = pl.read_parquet(found[0])
    store.upload_dataset("cifar", samples(), tables={"review": review})
    report = store.apply_suite("cifar", "CREATE VIEW reviewed AS SELECT DISTINCT _sample FROM review;", name="reviewed")
    assert report.cases[1].n == review["sample_id"].n_unique()
