"""Test suites: ordered sets of test-case versions that answer one set of questions."""

from kolena_store.test_suites.apply import AppliedCase, SuiteInput, SuiteReport, apply_suites, size_note
from kolena_store.test_suites.bins import Bins, parse_bins
from kolena_store.test_suites.difference import CaseDifference, SuiteDifference, suite_difference
from kolena_store.test_suites.explicit import ExplicitCase, explicit_digest, write_members
from kolena_store.test_suites.of_models import lacking_notes
from kolena_store.test_suites.pinned import check_pinned_cases
from kolena_store.test_suites.readable import views_of_suite
from kolena_store.test_suites.records import (
    ALL,
    CASES,
    SUITES,
    CaseRecord,
    SuiteRecord,
    cases_of,
    find_suite,
    suite_named,
    suites,
)
from kolena_store.test_suites.stratify import Stratified, stratified

__all__ = [
    "ALL",
    "CASES",
    "SUITES",
    "AppliedCase",
    "Bins",
    "CaseDifference",
    "CaseRecord",
    "ExplicitCase",
    "Stratified",
    "SuiteDifference",
    "SuiteInput",
    "SuiteRecord",
    "SuiteReport",
    "apply_suites",
    "cases_of",
    "check_pinned_cases",
    "explicit_digest",
    "find_suite",
    "lacking_notes",
    "parse_bins",
    "size_note",
    "stratified",
    "suite_difference",
    "suite_named",
    "suites",
    "views_of_suite",
    "write_members",
]
