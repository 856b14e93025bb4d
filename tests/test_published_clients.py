"""Other ways into the published database: SQLAlchemy, as BI tools take it, and ADBC."""

from pathlib import Path

import pyarrow as pa
import pytest

import kolena_store as ks

sqlalchemy = pytest.importorskip("sqlalchemy", reason="the extra [bi] is not installed")
pytest.importorskip("duckdb_engine", reason="the extra [bi] is not installed")

QUERY = "SELECT test_case, value FROM kolena.metrics WHERE metric = 'accuracy' AND model = 'v1' ORDER BY test_case"
MACRO = """
    SELECT language, tickets.accuracy(correct) AS value FROM tickets.sample_metrics JOIN tickets.test_samples USING (_sample)
    WHERE model = 'v1' GROUP BY language HAVING language IS NOT NULL ORDER BY language
"""


@pytest.fixture
def tested(ticket_store: ks.Store) -> ks.Store:
    ticket_store.test("tickets", by=["language"])
    return ticket_store


def expected(store: ks.Store) -> list[tuple[str, float]]:
    return [(row["test_case"], row["value"]) for row in store.sql(QUERY).rows()]


@pytest.fixture
def engine(tested: ks.Store) -> "sqlalchemy.Engine":
    file = tested.path / "store.duckdb"
    found = sqlalchemy.create_engine(f"duckdb:///{file}", connect_args={"read_only": True})
    yield found
    found.dispose()


@pytest.mark.sampled(2)
@pytest.mark.filterwarnings("ignore:Did not recognize type 'list'")
def test_sqlalchemy_reads_metrics_and_finds_the_views(tested: ks.Store, engine: "sqlalchemy.Engine") -> None:
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(sqlalchemy.text(QUERY))] == expected(tested)
    inspector = sqlalchemy.inspect(engine)
    assert {"store.kolena", "store.tickets", 'store."tickets test cases"'} <= set(inspector.get_schema_names())
    assert {"metrics", "metric_definitions", "contract"} <= set(inspector.get_view_names(schema="kolena"))
    columns = [column["name"] for column in inspector.get_columns("sample_metrics", schema="tickets")]
    assert columns[:5] == ["_sample", "model", "upload_configuration", "configuration", "truth"]


@pytest.mark.sampled(2)
def test_sqlalchemy_calls_a_macro(tested: ks.Store, engine: "sqlalchemy.Engine") -> None:
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sqlalchemy.text(MACRO))]
    wanted = dict(expected(tested))
    assert dict(found) == {name: pytest.approx(wanted[f"language = {name}"]) for name in ("de", "en")}


@pytest.mark.sampled(2)
def test_adbc_reads_metrics(tested: ks.Store) -> None:
    manager = pytest.importorskip("adbc_driver_manager.dbapi")
    import adbc_driver_duckdb

    options = {"path": str(tested.path / "store.duckdb"), "access_mode": "READ_ONLY"}
    driver = {"driver": adbc_driver_duckdb.driver_path(), "entrypoint": "duckdb_adbc_init"}
    with manager.connect(**driver, db_kwargs=options, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        table = cursor.fetch_arrow_table()
    assert isinstance(table, pa.Table)
    assert list(zip(*table.to_pydict().values(), strict=True)) == expected(tested)


@pytest.mark.sampled(2)
def test_a_materialised_file_is_read_by_sqlalchemy_from_anywhere(tested: ks.Store, tmp_path: Path) -> None:
    file = tmp_path / "one.duckdb"
    wanted = expected(tested)
    tested.publish(file)
    engine = sqlalchemy.create_engine(f"duckdb:///{file}", connect_args={"read_only": True})
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(sqlalchemy.text(QUERY))] == wanted
    engine.dispose()
