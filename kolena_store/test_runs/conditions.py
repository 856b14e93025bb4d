"""What is special about how runs were made, in words."""

import json
from collections.abc import Iterator, Sequence

from kolena_store.test_runs.records import TestRun

__all__ = ["conditions"]


def conditions(runs: Sequence[TestRun], inference_cases: Sequence[str] = ()) -> Iterator[str]:
    """Yield a sentence for each condition that these runs share: configuration, restriction, samples of each model."""
    if runs and runs[0].configuration is not None:
        given = json.loads(runs[0].configuration)
        options = ", ".join(f"{name} = {_shown(value)}" for name, value in given.items())
        yield f"configuration: {options}" if options else "configuration: none of the options"
    if runs and runs[0].restriction is not None:
        names = ", ".join(run.label for run in runs) if len(runs) > 1 else "the models named with this one"
        yield f"only on samples that all of these answered: {names}"
    if inference_cases:
        kind = "only the samples that were shown so to all" if runs[0].restriction is not None else "its own samples"
        yield f"each model counts {kind} on {', '.join(inference_cases)}: by inference metadata"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
