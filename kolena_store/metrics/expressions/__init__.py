"""Metric expressions evaluated in numpy: on terms that were never stored, and with their derivatives.

The value that is reported is DuckDB's. What is here serves intervals: a metric's derivative by each of its terms, and
its value on terms without a cluster, or on terms that were drawn.
"""

from kolena_store.metrics.expressions.evaluation import Gradient, gradient_of, value_of

__all__ = ["Gradient", "gradient_of", "value_of"]
