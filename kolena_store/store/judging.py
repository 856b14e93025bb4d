"""Whether a model of a store may ship, and what came before it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.store.base import StoreBase
from kolena_store.workflows import Configuration

if TYPE_CHECKING:
    from kolena_store.attribution import Attribution
    from kolena_store.histories import History
    from kolena_store.standards import CheckReport, Standard

__all__ = ["StoreJudging"]


class StoreJudging(StoreBase):
    """Models against quality standards, and over time."""

    def check(self, standard: "str | Path | Standard", model: str, baseline: str | None = None) -> "CheckReport":
        """Check a model against a quality standard, and return what each of its gates says.

        The suite is tested, and the model compared with the baseline, as far as that was not done before; `.passed`
        says whether the model may ship.

        Args:
            standard: the path of a `*.standard.toml` file, or what `ks.read_standard` returned.
            model: the model; all its results are checked when it has several, under several upload configurations.
            baseline: the model to compare with, for gates that compare.

        Raises:
            StoreError: the file breaks its form, names what there is not, contradicts itself, or compares without a
                baseline; or the test can't be made.
        """
        from kolena_store.standards import Standard, check_standard, read_standard

        given = standard if isinstance(standard, Standard) else read_standard(standard)
        with self._database.transaction(makes_store=False) as transaction:
            return check_standard(transaction, given, model, baseline)

    def history(
        self,
        dataset: str,
        test_case: str = "all",
        *,
        metrics: str | Sequence[str] | None = None,
        models: str | Sequence[str] | None = None,
        configuration: Configuration | None = None,
    ) -> "History":
        """Return the metrics of a test case over the results of models, in the order in which these came.

        Results without a run are rows too, and values are connected only with values of the same data, definitions and
        samples. Nothing is tested for it.

        Args:
            metrics: the metrics' names; None means the workflow's headlines.
            models: the models' names; None means all with results.
            configuration: how the runs were scored; None means the workflow's defaults.

        Raises:
            UnknownName: no such test case, metric or model.
        """
        from kolena_store.histories import HistoryOptions, history_of

        how = HistoryOptions(test_case=test_case, metrics=metrics, models=models, configuration=configuration)
        return history_of(self._database.session(), self._dataset(dataset), how)

    def compare_runs(self, run: int, baseline: int, *, metrics: str | Sequence[str] | None = None) -> "Attribution":
        """Return how two test runs on one dataset differ, and what each difference is due to.

        A difference is split into what came of the metric's definition, the labels, the membership of the test case,
        the configuration and the model, in this order: each is a value measured again, and they add up to the whole.

        Args:
            run: the number of the newer run; `store.test_runs()` lists them.
            baseline: the number of the run that it is compared with.
            metrics: the metrics' names; None means all that both runs have.

        Raises:
            UnknownName: there is no such run or metric.
            InvalidInput: the runs have nothing in common, or what they were made of is not there any more.
        """
        from kolena_store.attribution import compare_runs

        with self._database.transaction(makes_store=False) as transaction:
            return compare_runs(transaction, run, baseline, metrics=metrics)
