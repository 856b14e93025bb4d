"""Metrics of objects: images are matched once, and every test case, resample and class is a pass over the matches."""

__all__: list[str] = []
