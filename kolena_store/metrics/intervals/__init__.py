"""Confidence intervals of metrics: one method for each kind of metric, whole clusters where there are any."""

__all__: list[str] = []
