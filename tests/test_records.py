"""Listings: lists of records that print as tables, without what is internal, and come out as frames."""

import copy
import datetime
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.tables import ArrowBacked, Layout, RecordColumn, Records, table_of

INTERNAL = ("arrow_schema", "digest", "_file", "store_id", "test_case_id", "model_id")
METRIC = """\
-- metric: share_billing    better: none    unit: fraction    interval: none
SELECT avg((g.topic = 'billing')::INTEGER) AS value FROM results;
"""
LISTINGS = {
    "datasets": lambda store: store.datasets(),
    "models": lambda store: store.models(),
    "test_suites": lambda store: store.test_suites(),
    "test_cases": lambda store: store.test_cases("tickets", "everyday"),
    "test_runs": lambda store: store.test_runs(),
    "dataset_history": lambda store: store.dataset_history("tickets"),
    "user_metrics": lambda store: store.user_metrics("tickets"),
}


@dataclass(frozen=True)
class Thing:
    name: str | None
    n: int = 1234
    share: float = 0.5
    made: datetime.datetime = datetime.datetime(2026, 8, 31, 9, 30, 59)
    tags: tuple[str, ...] = ("a", "b")
    is_new: bool = True
    document: Any = None


COLUMNS = (
    RecordColumn(name="name"),
    RecordColumn(name="key", kind="key", of="n"),
    RecordColumn(name="n", kind="whole"),
    RecordColumn(name="share", kind="number"),
    RecordColumn(name="made", kind="moment"),
    RecordColumn(name="tags", kind="texts"),
    RecordColumn(name="is_new", kind="flag"),
    RecordColumn(name="document", kind="document"),
    RecordColumn(name="twice", kind="whole", of=lambda thing: 2 * thing.n),
)
LAYOUT = Layout(fields=COLUMNS, shown=COLUMNS)


@pytest.fixture(scope="module")
def full(prebuilt_ticket_store: Path, tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    """A store that has something in every listing; not to be changed."""
    root = tmp_path_factory.mktemp("full") / "tickets.store"
    shutil.copytree(prebuilt_ticket_store, root)
    ticket_store = ks.Store(root)
    suite = 'CREATE VIEW "Long" AS SELECT * FROM test_samples WHERE length > 50;\nCOMMENT ON VIEW "Long" IS \'Words\';'
    answers = pa.table({"id": range(60), "prediction": ["billing"] * 60})
    with ticket_store.transaction():
        ticket_store.apply_suite("tickets", suite, name="everyday", tags=["release"])
        ticket_store.apply_metrics("tickets", METRIC)
        ticket_store.upload_results(
            "tickets", "llm", answers, upload_configuration={"temperature": 0}, metadata={"commit": "4f2a91"}
        )
        ticket_store.test("tickets", suite="everyday", configuration=ks.Configuration(beta=1))
    return ticket_store


@pytest.fixture
def own(full: ks.Store, tmp_path: Path) -> ks.Store:
    """A copy of it."""
    shutil.copytree(full.path, tmp_path / "own.store")
    return ks.Store(tmp_path / "own.store")


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_a_listing_is_a_list_that_prints_as_a_table(full: ks.Store, listing) -> None:
    found = listing(full)
    assert isinstance(found, list)
    assert found == list(found)
    assert found[0] in found
    assert isinstance(found[:1], Records)
    assert str(found[:1]).splitlines()[0] == str(found).splitlines()[0]
    assert repr(found) == str(found)
    assert "─" in str(found)
    assert "<table>" in found._repr_html_()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_a_listing_comes_out_as_frames_and_dictionaries(full: ks.Store, listing) -> None:
    found = listing(full)
    names = [column.name for column in found.layout.fields]
    assert found.arrow().column_names == found.pl().columns == list(found.df().columns) == names
    assert len(found.rows()) == found.pl().height == len(found)
    assert found.arrow().schema == found[:0].arrow().schema
    assert [list(row) for row in found.rows()] == [names] * len(found)


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_a_listing_hides_what_is_internal(full: ks.Store, listing) -> None:
    found = listing(full)
    shown = f"{found}{found.rows()}{found[0]!r}".replace(str(full.path), "")
    assert [word for word in INTERNAL if word in shown] == []
    assert "b'" not in shown


def test_documents_are_parsed_and_are_json_in_frames(full: ks.Store) -> None:
    llm = next(row for row in full.models().rows() if row["name"] == "llm")
    assert llm["metadata"] == {"commit": "4f2a91"}
    assert "commit=4f2a91" in str(full.models())
    run = full.test_runs().rows()[-1]
    assert (run["upload_configuration"], run["configuration"]) == ({"temperature": 0}, {"beta": 1})
    assert full.test_runs().pl()["configuration"][-1] == '{"beta":1}'
    assert full.dataset_history("tickets").rows()[0]["workflow"]["workflow"] == "classification"


def test_a_listing_of_nothing_says_so_and_has_its_columns(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "empty.store")
    store.create()
    assert store.datasets() == store.models() == store.test_suites() == store.test_runs() == []
    assert "(none)" in str(store.models())
    assert str(store.models().arrow().schema.field("created").type) == "timestamp[us]"


def test_reports_of_several_models_are_a_listing_too(ticket_store: ks.Store) -> None:
    rows = [{"id": 1, "model": model, "prediction": "billing"} for model in ("a", "b")]
    reports = ticket_store.upload_results("tickets", None, rows, model_field="model")
    assert isinstance(reports, Records)
    assert reports.pl()["missing"].to_list() == [59, 59]
    assert str(reports).splitlines()[0].split() == [
        "model",
        "version",
        *["inserted", "updated", "unchanged", "unmatched", "missing"],
    ]


@pytest.mark.sampled(2)
def test_reports_and_differences_come_out_as_frames(own: ks.Store) -> None:
    report = own.upload_dataset("things", [{"id": 1}])
    assert report.pl().row(0, named=True)["added"] == 1
    results = own.upload_results("things", "v1", [{"id": 1, "x": 1}])
    assert (results.df()["model"][0], results.rows()[0]["missing"]) == ("v1", 0)
    suite = own.apply_suite("tickets", "", name="none")
    assert suite.pl()["n"].to_list() == [60]
    difference = own.suite_difference("tickets", "everyday")
    assert difference.pl()["change"].to_list() == ["same definition"] * 2
    matrix = own.test("tickets", "v1").confusion_matrix("all", "v1")
    assert matrix.pl()["n"].sum() == matrix.df()["n"].sum() == 60
    assert own.apply_metrics("tickets", METRIC).pl()["change"].to_list() == ["unchanged"]


def test_each_kind_of_column_has_its_type_and_its_way_to_be_read() -> None:
    things = Records([Thing("a", document={"k": [1]}), Thing(None, is_new=False, tags=())], LAYOUT, title="things")
    types = ["string", "int64", "int64", "double", "timestamp[us]", "list<item: string>", "bool", "string", "int64"]
    assert [str(kind) for kind in things.arrow().schema.types] == types
    assert things.arrow().column("document").to_pylist() == ['{"k":[1]}', None]
    (listing,) = things.listings()
    assert listing.title == "things"
    assert listing.rows[0] == ("a", "1234", "1,234", "0.500", "2026-08-31 09:30", "a, b", "yes", "k=[1]", "2,468")
    assert listing.rows[1][0] == listing.rows[1][6] == listing.rows[1][7] == ""
    assert [column.align for column in listing.columns[:4]] == ["left", "right", "right", "right"]
    assert table_of(COLUMNS[:1], []).num_rows == 0


def test_records_can_be_copied_and_pickled() -> None:
    layout = Layout(fields=COLUMNS[:3], shown=COLUMNS[:3])
    things = Records([Thing("a")], layout)
    for again in (copy.copy(things), pickle.loads(pickle.dumps(things))):
        assert again == things
        assert str(again) == str(things)


def test_results_are_iterated_row_by_row(own: ks.Store) -> None:
    results = own.test("tickets", "v1", metrics=["accuracy"])
    assert isinstance(results, ArrowBacked)
    assert [(row["test_case"], row["metric"]) for row in results] == [("all", "accuracy")]
    assert len(results) == 1
    assert list(own.sql("SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a")) == [{"a": 1}, {"a": 2}]
