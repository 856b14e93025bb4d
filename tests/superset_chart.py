"""Superset without a browser: registers a store, makes a chart of accuracy by test case, prints what the chart shows.

python superset_chart.py FOLDER STORE.DUCKDB        in an environment that has Superset and duckdb-engine
"""

import json
import os
import sys
from pathlib import Path

SETTINGS = """
SECRET_KEY = "only for this test, and not a secret at all"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
PREVENT_UNSAFE_DB_CONNECTIONS = False
CACHE_CONFIG = DATA_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
"""
VALUE = {"expressionType": "SQL", "sqlExpression": "max(value)", "label": "accuracy"}
FILTERS = [{"col": "metric", "op": "==", "val": "accuracy"}, {"col": "model", "op": "==", "val": "v1"}]
QUERY = {"columns": ["test_case"], "metrics": [VALUE], "filters": FILTERS, "orderby": [["test_case", True]]}
READ_ONLY = json.dumps({"engine_params": {"connect_args": {"read_only": True}}})


def prepared(folder):
    """Return a new Superset with one user."""
    config = folder / "superset_config.py"
    config.write_text(SETTINGS.format(folder=folder))
    os.environ.update(SUPERSET_CONFIG_PATH=str(config), SUPERSET_HOME=str(folder))
    import superset
    from flask_migrate import upgrade
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        upgrade(directory=str(Path(superset.__file__).parent / "migrations"))
        manager = superset.security_manager
        manager.sync_role_definitions()
        manager.add_user("admin", "a", "b", "a@example.com", manager.find_role("Admin"), password="admin")
    return app.test_client()


class Interface:
    """Superset's REST interface."""

    def __init__(self, client):
        self.client = client
        given = {"username": "admin", "password": "admin", "provider": "db"}
        found = client.post("/api/v1/security/login", json=given).get_json()
        self.headers = {"Authorization": f"Bearer {found['access_token']}"}

    def make(self, what, **body):
        found = self.client.post(f"/api/v1/{what}/", json=body, headers=self.headers)
        assert found.status_code == 201, (what, found.get_json())
        return found.get_json()["id"]

    def shown(self, chart):
        found = self.client.get(f"/api/v1/chart/{chart}/data/", headers=self.headers)
        assert found.status_code == 200, found.get_json()
        return found.get_json()["result"][0]["data"]


def main(folder, database):
    superset = Interface(prepared(Path(folder)))
    uri = f"duckdb:///{database}"
    store = superset.make("database", database_name="store", sqlalchemy_uri=uri, extra=READ_ONLY)
    metrics = superset.make("dataset", database=store, schema="kolena", table_name="metrics")
    source = {"datasource": {"id": metrics, "type": "table"}, "queries": [QUERY]}
    looks = {"viz_type": "echarts_timeseries_bar", "x_axis": "test_case", "metrics": [VALUE]}
    chart = superset.make(
        "chart",
        slice_name="accuracy by test case",
        viz_type=looks["viz_type"],
        datasource_id=metrics,
        datasource_type="table",
        params=json.dumps(looks),
        query_context=json.dumps({**source, "result_format": "json", "result_type": "full"}),
    )
    print(json.dumps(superset.shown(chart)))


if __name__ == "__main__":
    main(*sys.argv[1:])
