"""Differences between the metrics of two models on the same samples: values, tests, intervals, detectable effects."""

__all__: list[str] = []
