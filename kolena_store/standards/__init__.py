"""Quality standards: files of gates that a model must pass, and what comes of checking them."""

from kolena_store.standards.check import check_standard
from kolena_store.standards.documents import Gate, Standard, Waiver
from kolena_store.standards.reading import STANDARD_SUFFIX, read_standard
from kolena_store.standards.report import CheckReport, GateSummary
from kolena_store.standards.results import GateResult

__all__ = [
    "STANDARD_SUFFIX",
    "CheckReport",
    "Gate",
    "GateResult",
    "GateSummary",
    "Standard",
    "Waiver",
    "check_standard",
    "read_standard",
]
