"""Whether a model of a store may ship."""

from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.store.base import StoreBase

if TYPE_CHECKING:
    from kolena_store.standards import CheckReport, Standard

__all__ = ["StoreJudging"]


class StoreJudging(StoreBase):
    """Models against quality standards."""

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
