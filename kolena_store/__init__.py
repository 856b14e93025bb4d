"""An embedded analytical store for testing machine-learning models."""

__version__ = "0.1.0"
