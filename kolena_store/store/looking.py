"""Plots of a store."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.store.base import StoreBase

if TYPE_CHECKING:
    from kolena_store.plots import Plot

__all__ = ["StoreLooking"]


class StoreLooking(StoreBase):
    """What people look at."""

    def plot(
        self,
        dataset: str,
        kind: str,
        models: str | Sequence[str] | None = None,
        suite: str | None = None,
        *,
        test_case: str = "all",
        metric: str | None = None,
        class_name: str | None = None,
        against: str | None = None,
        field: str | None = None,
    ) -> "Plot":
        """Return a plot of models that were tested (None: all with runs); it shows itself in a notebook.

        Args:
            kind: `estimates`, `comparison` (a model and its baseline), `history`, `distribution` of a field, or one of
                the workflow's own: `confusion_matrix`, `roc`, `precision_recall`, `calibration`, `confidence`,
                `classes`; `residuals`, `errors`; `scores`; `agreement`; `object_curves`, `mistakes`, `overlaps`;
                `sample_metrics`.
            suite: its name; None is the first that someone wrote, or else that fields make.
            test_case: which samples.
            metric: of estimates, comparison, history and classes, where None is the first headline; the column of
                sample metrics, where None is the first.
            class_name: the class of a curve; None is the positive or the first one.
            against: the field that residuals stand against; None is the prediction.
            field: the field of a distribution.

        Raises:
            StoreError: an unknown name, or samples that don't have what the plot shows.
        """
        from kolena_store.inspection.plotting import PlotOptions, plotted

        chosen = [models] if isinstance(models, str) else list(models or ())
        options = PlotOptions(
            dataset=dataset,
            kind=kind,
            models=chosen,
            suite=suite,
            test_case=test_case,
            metric=metric,
            class_name=class_name,
            against=against,
            field=field,
        )
        return plotted(self.path, options)
