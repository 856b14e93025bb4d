"""Inference metadata: declared at upload, read by suites, with members of their own for each model."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from merged_stores import session_of
from small_stores import temporary_store

import kolena_store as ks
from kolena_store.errors import ChangedType, InvalidInput, MissingColumns, RefusedStatement
from kolena_store.membership.bitmaps import to_samples
from kolena_store.membership.of_results import stored_members_of_results
from kolena_store.results import results_of_dataset
from kolena_store.test_suites import cases_of, suite_named

N = 120
NAN = float("nan")
EXPOSURES = {
    "v1": [None if i % 10 == 9 else NAN if i % 10 == 8 else i % 4 for i in range(N)],
    "v2": [i % 7 for i in range(N)],
}
ANSWERED = {"v1": N, "v2": 100, "v3": N}
NIGHT = [i % 3 == 0 for i in range(N)]
LABELS = ["a" if i % 2 else "b" for i in range(N)]
SUITE = """
CREATE VIEW "Dim" AS SELECT * FROM inferences WHERE exposure < 1;
CREATE VIEW "Dim night" AS SELECT d.* FROM "Dim" AS d JOIN test_samples AS s USING (_sample) WHERE s.night;
CREATE VIEW "Brighter than most" AS SELECT * FROM inferences WHERE exposure > (SELECT median(exposure) FROM inferences);
CREATE VIEW "Night" AS SELECT * FROM test_samples WHERE night;
"""


def answers(model: str) -> pa.Table:
    n = ANSWERED[model]
    columns = {"id": list(range(n)), "answer": ["a" if i % 5 else "b" for i in range(n)]}
    if model in EXPOSURES:
        columns["exposure"] = EXPOSURES[model][:n]
    return pa.table(columns)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two models that declare how a sample was shown to them, and one that does not; never change it."""
    root = tmp_path_factory.mktemp("inference-metadata") / "store"
    store = ks.Store(root)
    with store.transaction():
        samples = pa.table({"id": range(N), "night": NIGHT, "label": LABELS})
        workflow = ks.Classification("label", prediction="answer")
        store.upload_dataset("d", samples, id_fields=["id"], workflow=workflow)
        for model in ANSWERED:
            fields = ["exposure"] if model in EXPOSURES else None
            store.upload_results("d", model, answers(model), metadata_fields=fields)
        store.apply_suite("d", SUITE, name="shown")
        store.test("d", suite="shown")
    return root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[ks.Store]:
    root = tmp_path / "store"
    shutil.copytree(made, root)
    yield ks.Store(root)


def is_dim(model: str, i: int) -> bool:
    exposure = EXPOSURES[model][i]
    return exposure is not None and exposure < 1


def expected(model: str, case: str) -> list[int]:
    """The members of a test case, by plain Python."""
    if model not in EXPOSURES:
        return []
    answered = range(ANSWERED[model])
    if case == "Brighter than most":
        # DuckDB holds NaN for greater than every number, in comparisons and in medians.
        known = [float("inf") if one != one else one for one in EXPOSURES[model][: len(answered)] if one is not None]
        middle = float(np.median(known))
        values = [(i, EXPOSURES[model][i]) for i in answered]
        return [i for i, one in values if one is not None and (one != one or one > middle)]
    return [i for i in answered if is_dim(model, i) and (case == "Dim" or NIGHT[i])]


def accuracy(model: str, members: list[int]) -> float | None:
    answer = answers(model).column("answer").to_pylist()
    return sum(answer[i] == LABELS[i] for i in members) / len(members) if members else None


CASES = ("Dim", "Dim night", "Brighter than most")


def test_members_are_those_of_each_model(made: Path) -> None:
    session = session_of(ks.Store(made))
    from kolena_store.datasets import dataset_named, version_of

    dataset = dataset_named(session, "d")
    cases = [case for case in cases_of(session, suite_named(session, dataset, "shown")) if case.is_of_model]
    assert [case.name for case in cases] == list(CASES)
    for results in results_of_dataset(session, dataset):
        found = stored_members_of_results(session, dataset, version_of(session, dataset), cases, results=results)
        for case in cases:
            assert to_samples(found[case.key].words).tolist() == expected(results.model, case.name), case.name
            n_nan = sum(
                EXPOSURES[results.model][i] != EXPOSURES[results.model][i] for i in expected(results.model, case.name)
            )
            assert found[case.key].n_nan == n_nan


def test_metrics_count_the_samples_of_each_model(made: Path) -> None:
    results = ks.Store(made).test("d", suite="shown")
    for model in ANSWERED:
        for case in CASES:
            members = expected(model, case)
            found = results[case, model, "accuracy"]
            assert (found.n, found.n_samples, found.n_missing) == (len(members), len(members), 0)
            assert found.value == pytest.approx(accuracy(model, members))
    assert results["Night", "v2", "accuracy"].n_missing == sum(NIGHT[ANSWERED["v2"] :])
    text = str(results)
    assert text.index("each model counts its own samples on Dim, Dim night, Brighter than most") < text.index(
        "test case"
    )
    assert "v3: no sample counts on 'Dim', 'Dim night', 'Brighter than most'" in " ".join(text.split())
    assert results.inference_cases == CASES


@pytest.mark.sampled(2)
def test_common_counts_the_samples_that_are_members_for_all(store: ks.Store) -> None:
    results = store.test("d", ["v1", "v2"], suite="shown", common=True)
    both = sorted(set(expected("v1", "Dim")) & set(expected("v2", "Dim")))
    for model in ("v1", "v2"):
        assert results["Dim", model, "accuracy"].n_samples == len(both)
        assert results["Dim", model, "accuracy"].value == pytest.approx(accuracy(model, both))
    assert "only the samples that were shown so to all on Dim" in " ".join(str(results).split())
    assert store.verify().is_sound


def test_listings_name_the_fields_and_the_level(made: Path) -> None:
    store = ks.Store(made)
    levels = {case.name: case.level for case in store.test_cases("d", "shown")}
    assert levels == {"all": "sample", **dict.fromkeys(CASES, "inference"), "Night": "sample"}
    assert "inference" in str(store.test_cases("d", "shown"))
    assert [one.metadata_fields for one in store.dataset("d").models] == [("exposure",), ("exposure",), ()]
    assert "inference metadata" in str(store.dataset("d"))
    assert {row["name"]: row["n_after"] for row in store.suite_difference("d", "shown").rows()}["Dim"] == len(
        {*expected("v1", "Dim"), *expected("v2", "Dim")}
    )


@pytest.mark.usefixtures("unkept")
def test_applying_again_says_how_many_samples_each_model_has(store: ks.Store) -> None:
    report = store.apply_suite("d", SUITE, name="shown")
    assert not report.is_new_version
    case = next(case for case in report.cases if case.name == "Dim")
    n1, n2 = len(expected("v1", "Dim")), len(expected("v2", "Dim"))
    assert case.n == len({*expected("v1", "Dim"), *expected("v2", "Dim")})
    assert f"by model: v1 {n1}, v2 {n2}, v3 has no such fields" in case.note


def test_published_views_tell_the_models_apart(made: Path) -> None:
    with duckdb.connect(str(made / "store.duckdb"), read_only=True) as plain:
        rows = plain.execute("SELECT test_case, model, _sample FROM d.test_case_members ORDER BY ALL").fetchall()
        for case in CASES:
            for model in ANSWERED:
                assert [row[2] for row in rows if row[:2] == (case, model)] == expected(model, case)
        assert [row[2] for row in rows if row[0] == "Night"] == [i for i in range(N) if NIGHT[i]]
        assert {row[1] for row in rows if row[0] in ("Night", "all")} == {None}
        shown = plain.execute('SELECT model, id, night, label FROM "d test cases"."Dim night" ORDER BY ALL').fetchall()
        assert shown == [(m, i, NIGHT[i], LABELS[i]) for m in ("v1", "v2") for i in expected(m, "Dim night")]
        fields = plain.execute("SELECT model, metadata_fields FROM kolena.result_versions ORDER BY model").fetchall()
        assert fields == [("v1", ["exposure"]), ("v2", ["exposure"]), ("v3", [])]


REFUSED = {
    "SELECT * FROM inferences WHERE answer = 'a'": "reads 'answer'.*no fair comparison.*: 'exposure'",
    "SELECT * FROM inferences WHERE model = 'v1'": "reads 'model'",
    "SELECT * FROM test_samples WHERE _sample IN (SELECT _sample FROM inferences WHERE exposure = 0)": (
        "takes its _sample from test_samples; take that of inferences"
    ),
}


@pytest.mark.parametrize("query", REFUSED)
def test_any_other_use_of_inferences_is_refused(made: Path, query: str) -> None:
    with pytest.raises(RefusedStatement, match=REFUSED[query]):
        ks.Store(made).apply_suite("d", f"CREATE VIEW a AS {query}", name="tried")


def test_without_declared_fields_inferences_are_refused() -> None:
    store = temporary_store()
    with store.transaction():
        store.upload_dataset("d", pa.table({"id": [1], "label": ["a"]}), workflow=ks.Classification("label", "answer"))
        store.upload_results("d", "v1", pa.table({"id": [1], "answer": ["a"], "exposure": [1]}))
    with pytest.raises(RefusedStatement, match=r"declare as their metadata with metadata_fields= .* none yet"):
        store.apply_suite("d", "CREATE VIEW a AS SELECT * FROM inferences WHERE exposure = 1", name="s")


@pytest.mark.usefixtures("unkept")
def test_a_declaration_stays_until_another_one_comes(store: ks.Store) -> None:
    some = answers("v2").slice(0, 3)
    assert store.upload_results("d", "v2", some).version == 1
    assert store.upload_results("d", "v2", some, metadata_fields=[]).version == 2
    fields = {one.model: one.metadata_fields for one in store.dataset("d").models}
    assert fields["v2"] == ()
    assert store.test("d", "v2", suite="shown")["Dim", "v2", "accuracy"].n_samples == 0


def test_a_wrong_declaration_is_refused(store: ks.Store) -> None:
    with pytest.raises(MissingColumns, match=r"no column 'exposures'.*did you mean 'exposure'"):
        store.upload_results("d", "v2", answers("v2"), metadata_fields=["exposures"])
    with pytest.raises(InvalidInput, match="'answer' can't be inference metadata.*model's answer"):
        store.upload_results("d", "v2", answers("v2"), metadata_fields=["answer"])
    with pytest.raises(InvalidInput, match="must be a list of columns"):
        store.upload_results("d", "v2", answers("v2"), metadata_fields="exposure")


@pytest.mark.sampled(2)
def test_changed_results_have_members_of_their_own(store: ks.Store) -> None:
    """A new version of results or data is looked at anew; verify finds all versions as they should be."""
    ids = list(range(30))
    store.upload_results("d", "v1", pa.table({"id": ids, "answer": ["a"] * 30, "exposure": [0.0] * 30}))
    kept = [i for i in expected("v1", "Dim") if i >= 30]
    assert store.test("d", "v1", suite="shown")["Dim", "v1", "accuracy"].n_samples == 30 + len(kept)
    store.upload_dataset("d", pa.table({"id": range(10, N), "night": NIGHT[10:], "label": LABELS[10:]}))
    assert store.test("d", "v1", suite="shown")["Dim", "v1", "accuracy"].n_samples == 20 + len(kept)
    assert store.verify().is_sound
    store.gc(keep=1, grace=0)
    assert store.verify().is_sound
    results = store.test("d", suite="shown")
    assert results["Dim", "v1", "accuracy"].n_samples == 20 + len(kept)


@pytest.mark.sampled(2)
def test_verify_finds_and_repairs_a_lost_membership(store: ks.Store) -> None:
    for file in (store.path / "data" / "memberships").glob("*.parquet"):
        file.write_bytes(b"broken")
    assert not store.verify().is_sound
    store.verify(repair=True)
    assert store.verify().is_sound
    assert store.test("d", suite="shown")["Dim", "v1", "accuracy"].n_samples == len(expected("v1", "Dim"))


@pytest.mark.sampled(2)
def test_a_merge_brings_declarations_and_test_cases(made: Path, tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "merged")
    with store.transaction():
        store.upload_dataset("e", pa.table({"id": [1]}))
    store.merge(made)
    assert [one.metadata_fields for one in store.dataset("d").models] == [("exposure",), ("exposure",), ()]
    results = store.test("d", suite="shown")
    assert results["Dim", "v2", "accuracy"].n_samples == len(expected("v2", "Dim"))
    assert store.verify().is_sound


def given(exposure: object) -> pa.Table:
    return pa.table({"id": [1], "answer": ["a"], "exposure": [exposure]})


def test_metadata_of_one_name_has_one_kind_of_value(store: ks.Store) -> None:
    with pytest.raises(ChangedType, match=r"'exposure' of 'v4' holds VARCHAR, that of 'v1' DOUBLE.* rename the column"):
        store.upload_results("d", "v4", given("bright"), metadata_fields=["exposure"])
    assert [model.name for model in store.models()] == ["v1", "v2", "v3"]
    store.upload_results("d", "v4", given("bright"))
    store.upload_results("d", "v5", given(None), metadata_fields=["exposure"])
    assert store.test("d", "v5", suite="shown")["Dim", "v5", "accuracy"].n_samples == 0


def test_a_definition_that_fails_on_a_models_values_names_the_model() -> None:
    store = temporary_store()
    with store.transaction():
        store.upload_dataset("d", pa.table({"id": [1], "label": ["a"]}), workflow=ks.Classification("label", "answer"))
        store.upload_results("d", "v1", given("3"), metadata_fields=["exposure"])
        store.apply_suite("d", "CREATE VIEW a AS SELECT * FROM inferences WHERE exposure::INTEGER > 2", name="s")
        store.upload_results("d", "v2", given("bright"), metadata_fields=["exposure"])
    assert store.test("d", "v1", suite="s")["a", "v1", "accuracy"].n == 1
    with pytest.raises(RefusedStatement, match="on the inferences of 'v2': test case 'a' can't be evaluated"):
        store.test("d", "v2", suite="s")
