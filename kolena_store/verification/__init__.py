"""Checking a store, and repairing what can be computed again."""

from kolena_store.verification.checking import verify
from kolena_store.verification.repair import repair
from kolena_store.verification.report import Finding, VerifyReport

__all__ = ["Finding", "VerifyReport", "repair", "verify"]
