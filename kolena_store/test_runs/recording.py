"""What test runs leave behind in the store: their rows in two files, and a row of the catalogue each."""

import json
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.files import FileWriter

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["METRICS_KIND", "TERMS_KIND", "RunRows", "record_runs", "software", "write_rows"]

METRICS_KIND = "metrics"
TERMS_KIND = "terms"


@dataclass(kw_only=True)
class RunRows:
    """The rows of the runs that are new in this request."""

    metrics: "list[pa.Table]" = field(default_factory=list)
    terms: "list[pa.Table]" = field(default_factory=list)
    runs: list[dict[str, object]] = field(default_factory=list)


def record_runs(transaction: Transaction, recorded: RunRows) -> list[int]:
    """Write the rows of new runs and note each run; return their ids."""
    metric_file = write_rows(transaction, METRICS_KIND, recorded.metrics)
    term_file = write_rows(transaction, TERMS_KIND, recorded.terms)
    for run in recorded.runs:
        transaction.run("runs.insert_run", **run, term_file=term_file, metric_file=metric_file)
    transaction.has_new_runs = True
    transaction.touched_datasets.update(int(str(run["dataset_id"])) for run in recorded.runs)
    return [int(str(run["run_id"])) for run in recorded.runs]


def write_rows(transaction: Transaction, kind: str, tables: "list[pa.Table]") -> int:
    """Write the rows of runs to a file and return its id."""
    with FileWriter(transaction.root, kind, tables[0].schema) as writer:
        for table in tables:
            writer.write(table)
        return transaction.add_file(writer.finish())


def software() -> str:
    """Return the versions that what is computed may depend on, as JSON."""
    import duckdb
    import numpy as np

    versions = {"python": platform.python_version(), "duckdb": duckdb.__version__, "numpy": np.__version__}
    return json.dumps(versions, sort_keys=True)
