"""Regression: a number for every sample, compared with the number that is true."""

import math
from collections.abc import Mapping, Sequence
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
from kolena_store.workflows.quantile_columns import checked_quantiles, levels_of, quantile_matrix, quantile_needs
from kolena_store.workflows.quantile_scores import (
    FLAGS,
    LISTS,
    OF_INTERVALS,
    central_intervals,
    interval_name,
    quantile_arrays,
    quantile_fields,
)

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Regression"]

MEDIAN = "0.5"
NO_MEDIAN = "the results have no prediction beside the quantiles, and no quantile of the level 0.5"
NO_QUANTILES = "the workflow names no quantiles"
NO_INTERVALS = "no two levels are as far from 0 as from 1, so there is no central interval"


@dataclass(frozen=True)
class Regression(Workflow):
    """A number for each sample, and a forecast of it: a number, quantiles, or both.

    Args:
        ground_truth: the dataset's column with the true number.
        prediction: the inference's column with the predicted number. With quantiles and no named prediction it is the
            median, where that is forecast; with neither it is the column `prediction`.
        quantiles: the forecast quantiles: a mapping level -> column, a pattern such as `"q_{level}"`, or the name of a
            list column. A long table, with a row for each level, is collected on upload (`collect=`).
        levels: the levels of a list column of quantiles, in its order, or the list column that holds them.

    Raises:
        InvalidInput: options that contradict each other, or name no column or level.
    """

    ground_truth: str
    prediction: str | None = None
    quantiles: str | Mapping[str, str] | None = None
    levels: str | Sequence[float] | None = None

    name: ClassVar[str] = "regression"
    metric_file: ClassVar[str] = "metrics/regression"
    scorer_version: ClassVar[str] = "2"
    answered: ClassVar[Fragment] = Fragment("prediction IS NOT NULL OR list_aggregate(quantiles, 'count') > 0")
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            "ground_truth": GROUND_TRUTH_HELP,
            "prediction": PREDICTION_HELP,
            "quantiles": OptionHelp(
                "PATTERN",
                "The results' columns with a quantile for each level, e.g. --quantiles 'q_{level}'; or a list column.",
            ),
            "levels": OptionHelp(
                "FIELD|LEVEL,LEVEL",
                "The levels of a list column, e.g. --levels .1,.5,.9, or the list column with them.",
            ),
        }
    )
    sample_metrics_help: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "truth": "The true number; NULL unless both sides are finite",
            "prediction": "The predicted number; NULL unless both sides are finite",
            "error": "prediction - truth",
            "truth_deviation": "truth minus the mean truth of all samples that the model answered",
            "prediction_deviation": "prediction minus the mean prediction of all samples that the model answered",
            "quantiles": "The forecast quantile of each level; lists have an element for each of classes",
            "pinball_losses": "The pinball loss of each level",
            "widths": "The width of each central interval",
            "at_or_under": "Whether the truth lies at or under the quantile of each level",
            "covered": "Whether each central interval holds the truth",
            "is_covered": "Whether the widest central interval holds the truth",
            "interval_width": "The width of the widest central interval",
            "weighted_interval_score": "The mean of the interval scores, weighted by alpha / 2 (Bracher et al. 2021)",
        }
    )

    def __post_init__(self) -> None:
        """Check that the options fit together."""
        check_column_names("Regression", ground_truth=self.ground_truth or "", prediction=self.prediction)
        quantiles, levels = checked_quantiles(self.quantiles, self.levels)
        object.__setattr__(self, "quantiles", quantiles)
        object.__setattr__(self, "levels", levels)
        if self.prediction is None and quantiles is None:
            object.__setattr__(self, "prediction", "prediction")

    def columns(self) -> Columns:
        """Return the columns of numbers."""
        named = [ColumnNeed(name=self.prediction, kind="number")] if self.prediction else []
        needs = (*named, *quantile_needs(self.quantiles, self.levels))
        truth = ColumnNeed(name=self.ground_truth, kind="number")
        return Columns(ground_truth=(truth,), inference=needs, answer=needs[0].name)

    def headlines(self) -> tuple[str, ...]:
        """Return the size of the errors, their direction, and their size with large ones weighing more.

        Of quantiles the score of the whole forecast, and how often the widest interval holds the truth.
        """
        of_quantiles = ("weighted_interval_score", "interval_coverage", "mae")
        return ("mae", "bias", "rmse") if self.quantiles is None else of_quantiles

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return the means of truth and prediction, about which second moments are taken."""
        refuse_options(self.name, configuration, allowed=())
        levels = levels_of(self.quantiles, self.levels, inputs) if self.quantiles is not None else ()
        intervals = [interval_name(levels, ends) for ends in central_intervals(levels)]
        truth, prediction = self._sides(inputs, levels)
        is_measured = _is_measured(truth, prediction)
        sides = {"truth": truth[is_measured], "prediction": prediction[is_measured]}
        return Facts(
            classes=(*levels, *intervals),
            reported=(*levels, *intervals),
            scored=levels,
            groups={"levels": levels, "intervals": tuple(intervals)},
            unavailable=self._unavailable(levels, intervals),
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
        return pa.schema([*(pa.field(name, pa.float64()) for name in numbers), *quantile_fields()])

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return the numbers of the samples where both sides are finite, NULL for the others."""
        import numpy as np
        import pyarrow as pa

        truth = numbers_of(batch.column(GROUND_TRUTH + self.ground_truth))
        quantiles = quantile_matrix(self.quantiles, self.levels, batch, facts.scored)
        prediction = self._predictions(batch, quantiles, facts.scored)
        hidden = ~_is_measured(truth, prediction)
        with np.errstate(over="ignore", invalid="ignore"):
            deviations = (truth - facts.centres["truth"], prediction - facts.centres["prediction"])
            columns = (truth, prediction, prediction - truth, *deviations)
        of_quantiles = quantile_arrays(np.where(np.isfinite(truth), truth, np.nan), quantiles, facts.scored)
        return [*(pa.array(values, mask=hidden) for values in columns), *of_quantiles]

    def _sides(self, inputs: ScoringInput, levels: Sequence[str]) -> "tuple[np.ndarray, np.ndarray]":
        """Return the truths and the predictions of all answered samples."""
        import pyarrow as pa

        truth = GROUND_TRUTH + self.ground_truth
        table = inputs.columns([truth, *(name for name in inputs.schema.names if name.startswith(INFERENCE))])
        batches = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
        quantiles = quantile_matrix(self.quantiles, self.levels, batches[0], levels)
        return numbers_of(batches[0].column(truth)), self._predictions(batches[0], quantiles, levels)

    def _predictions(self, batch: "pa.RecordBatch", quantiles: "np.ndarray", levels: Sequence[str]) -> "np.ndarray":
        """Return the named prediction, or the median of the quantiles."""
        import numpy as np

        if self.prediction:
            return numbers_of(batch.column(INFERENCE + self.prediction))
        return quantiles[:, levels.index(MEDIAN)] if MEDIAN in levels else np.full(batch.num_rows, np.nan)

    def _unavailable(self, levels: Sequence[str], intervals: Sequence[str]) -> dict[str, str]:
        """Return the sample metrics that are NULL throughout, with the reason."""
        reasons = {}
        if self.prediction is None and MEDIAN not in levels:
            reasons = dict.fromkeys(("prediction", "error", "prediction_deviation", "truth_deviation"), NO_MEDIAN)
        if self.quantiles is None:
            reasons |= dict.fromkeys((*LISTS, *FLAGS, *OF_INTERVALS), NO_QUANTILES)
        elif not intervals:
            reasons |= dict.fromkeys(("widths", "covered", "is_covered", "interval_width"), NO_INTERVALS)
        return reasons


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
