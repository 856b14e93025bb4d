"""Metrics that users define: one SELECT over the view `results` each, in files, run in a process that can be killed."""

__all__: list[str] = []
