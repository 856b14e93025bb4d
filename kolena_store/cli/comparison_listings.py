"""Comparisons, and the samples behind them, in the three forms in which they are printed."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from kolena_store.cli.output import Answer, arrow_rows

if TYPE_CHECKING:
    from kolena_store.comparisons import Comparison, DifferingSamples

__all__ = ["comparison_answer", "samples_answer"]

FACTS = ("dataset", "dataset_version", "suite", "suite_version", "configuration", "baseline", "metrics", "alpha")
SETTINGS = ("correction", "test", "tolerance", "seed", "notes")


def comparison_answer(found: "Comparison") -> Answer:
    """Return the differences of some models from a baseline, and how they were judged."""
    return Answer(
        listings=found.listings,
        document=lambda: {
            "comparison": {
                **{name: getattr(found, name) for name in (*FACTS, *SETTINGS)},
                "models": [asdict(one) for one in found.compared],
            },
            "rows": arrow_rows(found.arrow()).records(),
        },
        rows=lambda: arrow_rows(found.arrow()),
    )


def samples_answer(found: "DifferingSamples") -> Answer:
    """Return the samples that count otherwise for a model than for the baseline."""
    facts = ("dataset", "test_case", "metric", "model", "baseline", "n_common")
    return Answer(
        listings=found.listings,
        document=lambda: {
            **{name: getattr(found, name) for name in facts},
            "class": found.class_name,
            "samples": arrow_rows(found.arrow()).records(),
        },
        rows=lambda: arrow_rows(found.arrow()),
    )
