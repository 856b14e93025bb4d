"""The rows of a comparison: one for each model, test case, metric and class."""

import pyarrow as pa

__all__ = ["COMPARISON_SCHEMA"]

COMPARISON_SCHEMA = pa.schema(
    [
        ("comparison", pa.int64()),
        ("dataset", pa.string()),
        ("suite", pa.string()),
        ("model", pa.string()),
        ("upload_configuration", pa.string()),
        ("baseline_model", pa.string()),
        ("baseline_upload_configuration", pa.string()),
        ("test_case", pa.string()),
        ("metric", pa.string()),
        ("class", pa.string()),
        ("better", pa.string()),
        ("value", pa.float64()),
        ("baseline", pa.float64()),
        ("delta", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("method", pa.string()),
        ("p", pa.float64()),
        ("test", pa.string()),
        ("q", pa.float64()),
        ("family", pa.string()),
        ("mde", pa.float64()),
        ("mde_basis", pa.string()),
        ("n", pa.int64()),
        ("baseline_n", pa.int64()),
        ("n_samples", pa.int64()),
        ("n_missing", pa.int64()),
        ("n_null", pa.int64()),
        ("n_only_model", pa.int64()),
        ("n_only_baseline", pa.int64()),
        ("tolerance", pa.float64()),
        ("q_equivalence", pa.float64()),
        ("verdict", pa.string()),
        ("detected", pa.bool_()),
        ("reason", pa.string()),
        ("note", pa.string()),
    ]
)
"""In a suite's order: by test case, then metric, then class. NULL is what is not defined."""
