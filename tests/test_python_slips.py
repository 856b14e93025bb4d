"""Slips that Python code makes: each is our own error, says what to write in its place, and leaves nothing behind."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.errors import InvalidInput

FRAME = pd.DataFrame({"id": [1, 2], "label": ["a", "b"], "pred": ["a", "a"]})
WORKFLOW = ks.Classification("label")
CHOICE = r"give one, such as ks\.Classification\(ground_truth=\.\.\.\) or ks\.Custom\(scorer=\.\.\.\) or ks\.InstanceSegmentation\(label=\.\.\.\)$"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("workflow", "message"),
    [
        (
            "classification",
            r"workflow='classification' does not say .* workflow=ks\.Classification\(ground_truth=\.\.\.\)$",
        ),
        ("Judged", r"workflow='Judged' does not say which column is what; give workflow=ks\.Judged\(verdict=\.\.\.\)$"),
        ("clasification", rf"is no workflow; did you mean 'classification'\?; {CHOICE}"),
        (ks.Regression, r"workflow=Regression is a class .* give workflow=ks\.Regression\(ground_truth=\.\.\.\)$"),
        (dict, rf"workflow=an object of type type is no workflow; {CHOICE}"),
        ({"workflow": "judged"}, rf"workflow={{'workflow': 'judged'}} is no workflow; {CHOICE}"),
        ("", "workflow='' is no workflow"),
        (0, "workflow=an object of type int is no workflow"),
    ],
)
def test_what_is_no_workflow_is_refused(unmade_store: ks.Store, workflow: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        unmade_store.upload_dataset("d", FRAME, workflow=workflow)
    assert not unmade_store.exists or unmade_store.datasets() == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ("pred", r"predictions='pred' does not say which model's .* as in predictions=\{'v1': 'pred_v1'\}"),
        (["pred"], r"predictions=\['pred'\] does not say which model's"),
        ([], r"predictions=\[\] does not say"),
        ("", "predictions='' does not say"),
        (FRAME, "predictions=DataFrame does not say"),
        ({"m": ["pred"]}, r"predictions=\{'m': \['pred'\]\} must hold names: the model's, and its column's"),
        ({"m": None}, r"predictions=\{'m': None\} must hold names"),
        ({"m": {"prediction": 3}}, r"predictions=\{'m': \{'prediction': 3\}\} must hold names"),
        ({3: "pred"}, r"predictions=\{3: 'pred'\} must hold names"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_predictions_say_which_models_they_are(unmade_store: ks.Store, predictions: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        unmade_store.upload_dataset("d", FRAME, workflow=WORKFLOW, predictions=predictions)
    assert not unmade_store.exists or unmade_store.datasets() == []


@pytest.mark.parametrize("predictions", [None, {}])
def test_no_predictions_are_none(store: ks.Store, predictions: Any) -> None:
    store.upload_dataset("d", FRAME, workflow=WORKFLOW, predictions=predictions)
    assert store.models() == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("column", "called"),
    [
        (FRAME["label"], "the Series 'label'"),
        (FRAME.index, "the RangeIndex"),
        (pl.Series("label", ["a"]), "the Series 'label'"),
        (pl.Series([{"id": 1}]), "the Series"),
        (pa.array([1]), "the Int64Array"),
        (pa.chunked_array([[1]]), "the ChunkedArray"),
        (pa.array([{"id": 1}]), "the StructArray"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__module__,
)
def test_a_column_is_no_table(store: ks.Store, column: Any, called: str) -> None:
    message = rf"^{called} is one column and no table; give a table that also has the ids, such as frame\[\['id', 'label'\]\]$"
    with pytest.raises(InvalidInput, match=message):
        store.upload_dataset("d", column)
    store.upload_dataset("d", FRAME, workflow=WORKFLOW)
    with pytest.raises(InvalidInput, match=message):
        store.upload_results("d", "m", column)


def test_a_stream_of_something_else_is_no_table(store: ks.Store) -> None:
    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.chunked_array([[1]]).__arrow_c_stream__(requested_schema)

    with pytest.raises(InvalidInput, match="stream of an object of type Stream holds no table .*; give a table$"):
        store.upload_dataset("d", Stream())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("source", [np.array([1, 2]), 3, None, b"x.csv", {"id": [1]}, FRAME.groupby("label")])
def test_other_objects_are_no_table_either(store: ks.Store, source: Any) -> None:
    with pytest.raises(InvalidInput, match="no table; give "):
        store.upload_dataset("d", source)


def test_an_empty_path_is_not_the_current_folder(
    store: ks.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FRAME.to_parquet(tmp_path / "part.parquet")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=r"the path is empty; give a \.csv"):
        store.upload_dataset("d", "")
    store.upload_dataset("d", ".")
    with pytest.raises(InvalidInput, match="the path is empty"):
        store.upload_results("d", "m", "")
