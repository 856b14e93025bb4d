"""Regression: a number for every sample, compared with the number that is true."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kolena_store.datasets import ColumnNeed, Columns
from kolena_store.statements import Fragment
from kolena_store.workflows.base import (
    GROUND_TRUTH,
    GROUND_TRUTH_HELP,
    INFERENCE,
    PREDICTION_HELP,
    Facts,
    OptionHelp,
    ScoringInput,
    Workflow,
)
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.numbers import numbers_of
from kolena_store.workflows.options import check_column_names, refuse_options

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Regression"]


@dataclass(frozen=True)
class Regression(Workflow):
    """A number for each sample: `ground_truth` names the dataset's column, `prediction` the inference's."""

    ground_truth: str
    prediction: str = "prediction"

    name: ClassVar[str] = "regression"
    metric_file: ClassVar[str] = "metrics/regression"
    scorer_version: ClassVar[str] = "1"
    answered: ClassVar[Fragment] = Fragment("prediction IS NOT NULL")
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {"ground_truth": GROUND_TRUTH_HELP, "prediction": PREDICTION_HELP}
    )
    sample_metrics_help: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "truth": "The true number; NULL unless both sides are finite",
            "prediction": "The predicted number; NULL unless both sides are finite",
            "error": "prediction - truth",
            "truth_deviation": "truth minus the mean truth of all samples that the model answered",
            "prediction_deviation": "prediction minus the mean prediction of all samples that the model answered",
        }
    )

    def __post_init__(self) -> None:
        """Check that both columns are named."""
        check_column_names("Regression", ground_truth=self.ground_truth or "", prediction=self.prediction or "")

    def columns(self) -> Columns:
        """Return the two columns of numbers."""
        return Columns(
            ground_truth=(ColumnNeed(name=self.ground_truth, kind="number"),),
            inference=(ColumnNeed(name=self.prediction, kind="number"),),
            answer=self.prediction,
        )

    def headlines(self) -> tuple[str, ...]:
        """Return the size of the errors, their direction, and their size with large ones weighing more."""
        return ("mae", "bias", "rmse")

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return the means of truth and prediction, about which second moments are taken."""
        refuse_options(self.name, configuration, allowed=())
        table = inputs.columns([GROUND_TRUTH + self.ground_truth, INFERENCE + self.prediction])
        truth, prediction = (numbers_of(table.column(index).combine_chunks()) for index in range(2))
        is_measured = _is_measured(truth, prediction)
        sides = {"truth": truth[is_measured], "prediction": prediction[is_measured]}
        return Facts(
            centres={name: _mean(values) for name, values in sides.items()},
            spreads={name: _spread(values) for name, values in sides.items()},
        )

    def facts_to_keep(self, before: Facts, after: Facts) -> Facts | None:
        """Return the new facts with the centres of before, as long as they lie among the values as they are now.

        Second moments about a centre within one standard deviation of the mean lose no digit that matters.
        """
        is_near = all(
            abs(after.centres[name] - before.centres.get(name, math.inf)) <= after.spreads[name]
            for name in after.centres
        )
        return replace(after, centres=before.centres) if is_near else None

    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return truth and prediction, the error (prediction - truth), and both sides' distance from their centres."""
        import pyarrow as pa

        numbers = ("truth", "prediction", "error", "truth_deviation", "prediction_deviation")
        return pa.schema([(name, pa.float64()) for name in numbers])

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return the numbers of the samples where both sides are finite, NULL for the others."""
        import numpy as np
        import pyarrow as pa

        truth = numbers_of(batch.column(GROUND_TRUTH + self.ground_truth))
        prediction = numbers_of(batch.column(INFERENCE + self.prediction))
        hidden = ~_is_measured(truth, prediction)
        with np.errstate(over="ignore", invalid="ignore"):
            deviations = (truth - facts.centres["truth"], prediction - facts.centres["prediction"])
            columns = (truth, prediction, prediction - truth, *deviations)
        return [pa.array(values, mask=hidden) for values in columns]


def _is_measured(truth: "np.ndarray", prediction: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.asarray(np.isfinite(truth) & np.isfinite(prediction))


def _mean(values: "np.ndarray") -> float:
    """Return the mean, or 0 where there is none: any value near the data serves as the centre of second moments."""
    import numpy as np

    with np.errstate(over="ignore"):
        mean = float(values.mean()) if len(values) else 0.0
    return mean if math.isfinite(mean) else 0.0


def _spread(values: "np.ndarray") -> float:
    """Return the standard deviation, or 0 where there is none."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(values.std()) if len(values) else 0.0
    return spread if math.isfinite(spread) else 0.0
