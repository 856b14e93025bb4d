"""Intervals and the distributions behind them, without knowledge of workflows or metrics.

Import what you need from the modules, so that numpy is loaded only when it is used.
"""

__all__: list[str] = []
