"""The models of one comparison in memory: scored where they are not yet, read once."""

from collections.abc import Sequence

from kolena_store.comparisons.measuring import ComparisonPlan, comparison_plan
from kolena_store.comparisons.pairing import ScoredModel, loaded_model
from kolena_store.database import Transaction
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.answered import check_answers
from kolena_store.test_runs.execute import Setting
from kolena_store.test_runs.object_cases import scored_with_cases

__all__ = ["ModelLoader"]


class ModelLoader:
    """What loads the models that are compared, and what to measure of them."""

    def __init__(self, transaction: Transaction, setting: Setting, results: Sequence[ResultsRecord]) -> None:
        """Find out what to measure.

        Raises:
            MissingColumns: results lack a column that the workflow reads.
        """
        for one in results:
            check_answers(setting.version, one, setting.workflow.columns())
        self._transaction = transaction
        self._scoring = setting.scoring
        self.plan: ComparisonPlan = comparison_plan(transaction, setting, results)

    def load(self, results: ResultsRecord) -> ScoredModel:
        """Return one model, its samples scored now unless they were."""
        scored = scored_with_cases(self._transaction, self._scoring, results, self.plan.setting.cases)
        return loaded_model(self._transaction, self.plan.plan, scored, when=self._scoring.workflow.answered)
