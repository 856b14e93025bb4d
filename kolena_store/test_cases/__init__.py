"""Test cases: the views of a suite file."""

from kolena_store.test_cases.definitions import ViewDefinition
from kolena_store.test_cases.suites import parse_suite

__all__ = ["ViewDefinition", "parse_suite"]
