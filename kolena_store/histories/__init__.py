"""Histories: the metrics of a test case over models and their runs."""

from kolena_store.histories.find import HistoryOptions, history_of
from kolena_store.histories.outcome import History, why_missing

__all__ = ["History", "HistoryOptions", "history_of", "why_missing"]
