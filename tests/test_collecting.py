"""Long tables: rows of one sample become one, against plain Python grouping."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from small_stores import temporary_store

import kolena_store as ks
from kolena_store.cli import command_line
from kolena_store.errors import InvalidInput, MissingColumns

ROWS: list[dict[str, Any]] = [
    {"id": 2, "city": "Rome", "tag": "rain", "by": 1},
    {"id": 1, "city": None, "tag": "fog", "by": 2},
    {"id": 2, "city": "Rome", "tag": None, "by": 3},
    {"id": 3, "city": "Bern", "tag": None, "by": None},
    {"id": 1, "city": None, "tag": "fog", "by": 4},
]


def samples_of(store: ks.Store, name: str = "d") -> list[dict[str, Any]]:
    return store.download_dataset(name).to_pylist()


def test_values_become_lists_in_the_order_of_the_rows(store: ks.Store) -> None:
    store.upload_dataset("d", ROWS, id_fields=["id"], collect=["tag", "by"])
    assert samples_of(store) == [
        {"id": 2, "city": "Rome", "tag": ["rain", None], "by": [1, 3]},
        {"id": 1, "city": None, "tag": ["fog", "fog"], "by": [2, 4]},
        {"id": 3, "city": "Bern", "tag": [], "by": []},
    ]
    again = store.upload_dataset("d", list(reversed(ROWS)), collect=["tag", "by"], leave_out=[])
    assert (again.unchanged, again.changed) == (1, 2)


def test_rows_that_agree_without_a_column_become_one(store: ks.Store) -> None:
    store.upload_dataset("d", ROWS, id_fields=["id"], leave_out=["tag", "by"])
    assert samples_of(store) == [
        {"id": 2, "city": "Rome"},
        {"id": 1, "city": None},
        {"id": 3, "city": "Bern"},
    ]


def test_types_stay(store: ks.Store) -> None:
    table = pa.table(
        {
            "id": ["a", "a", "b"],
            "small": pa.array([1, 2, 3], pa.int8()),
            "kind": pa.array(["x", "x", "y"]).dictionary_encode(),
            "nested": pa.array([[{"x": 1.5}], None, []], pa.list_(pa.struct([("x", pa.float32())]))),
        }
    )
    store.upload_dataset("d", table, id_fields=["id"], collect=["small", "nested"])
    found = store.download_dataset("d")
    assert found.schema.field("small").type == pa.list_(pa.int8())
    assert found.schema.field("nested").type == pa.list_(table.schema.field("nested").type)
    assert found.column("small").to_pylist() == [[1, 2], [3]]
    assert found.column("nested").to_pylist() == [[[{"x": 1.5}], None], [[]]]
    assert pa.types.is_dictionary(found.schema.field("kind").type)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"collect": ["tag"], "id_fields": ["id"]}, InvalidInput, r"\(id = 2\) differ in 'by'; collect it"),
        ({"collect": ["tag", "by"]}, InvalidInput, "name the id fields"),
        ({"collect": ["tags"], "id_fields": ["id"]}, MissingColumns, "'tags'.*'tag'"),
        ({"leave_out": ["buy"], "id_fields": ["id"]}, MissingColumns, "'buy'.*'by'"),
        ({"collect": ["id"], "id_fields": ["id"]}, InvalidInput, "tells the samples apart"),
        ({"collect": ["tag"], "leave_out": ["tag"], "id_fields": ["id"]}, InvalidInput, "is left out"),
        (
            {"collect": ["tag", "by"], "id_fields": ["id"], "workflow": ks.Judged("by"), "predictions": {"m": "by"}},
            InvalidInput,
            "can't carry predictions",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_stays(
    options: dict[str, Any], error: type[Exception], message: str, unmade_store: ks.Store
) -> None:
    with pytest.raises(error, match=message):
        unmade_store.upload_dataset("d", ROWS, **options)
    assert not unmade_store.exists or unmade_store.datasets() == []
    assert list(unmade_store.path.glob("data/*/*.parquet")) == []


def test_answers_of_several_models_are_collected_for_each(store: ks.Store) -> None:
    store.upload_dataset("d", [{"id": 1}, {"id": 2}], id_fields=["id"])
    rows = [
        {"id": 1, "model": "a", "level": 0.5, "value": 1.0},
        {"id": 1, "model": "b", "level": 0.5, "value": 2.0},
        {"id": 1, "model": "a", "level": 0.9, "value": 3.0},
        {"id": 2, "model": None, "level": None, "value": None},
    ]
    reports = store.upload_results("d", None, rows, model_field="model", collect=["level", "value"])
    assert [(report.model, report.inserted) for report in reports] == [("a", 1), ("b", 1)]
    assert store.download_results("d", "a").to_pylist() == [{"id": 1, "level": [0.5, 0.9], "value": [1.0, 3.0]}]
    with pytest.raises(InvalidInput, match="model"):
        rows[3]["value"] = 1.0
        store.upload_results("d", None, rows, model_field="model", collect=["level", "value"])


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["m", "it's"]), st.none() | st.integers(-3, 3)),
        min_size=1,
        max_size=30,
    )
)
def test_collecting_is_grouping(rows: list[tuple[int, str, int | None]]) -> None:
    expected: dict[tuple[int, str], list[int]] = {}
    for number, name, value in rows:
        expected.setdefault((number, name), []).extend([] if value is None else [value])
    store = temporary_store()
    given_rows = pa.table({"n": [r[0] for r in rows], "the name": [r[1] for r in rows], "v": [r[2] for r in rows]})
    store.upload_dataset("d", given_rows, id_fields=["n", "the name"], collect=["v"], types={"v": "INTEGER"})
    found = {(row["n"], row["the name"]): row["v"] for row in samples_of(store)}
    assert found == expected
    assert list(found) == list(expected)


def test_the_command_line_collects(tmp_path: Path) -> None:
    root, file = tmp_path / "kolena.store", tmp_path / "long.csv"
    file.write_text("id,model,label\n1,a,x\n1,a,y\n2,a,\n")
    ks.Store(root).create()
    arguments = ["--store", str(root), "dataset", "upload", "d", str(file), "--id", "id"]
    done = CliRunner().invoke(command_line, [*arguments, "--collect", "label", "--leave-out", "model"])
    assert done.exit_code == 0, done.output
    assert samples_of(ks.Store(root)) == [{"id": 1, "label": ["x", "y"]}, {"id": 2, "label": []}]
    arguments = ["--store", str(root), "results", "upload", "d", "-", str(file), "--model-field", "model"]
    done = CliRunner().invoke(command_line, [*arguments, "--collect", "label"])
    assert done.exit_code == 0, done.output
    assert ks.Store(root).download_results("d", "a").column("label").to_pylist() == [["x", "y"], []]
