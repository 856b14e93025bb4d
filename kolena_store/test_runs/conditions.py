"""What is special about how runs were made, in words."""

import json
from collections.abc import Iterable, Iterator, Sequence

from kolena_store.test_runs.records import Repeats, TestRun

__all__ = ["conditions", "repeats_told"]


def conditions(runs: Sequence[TestRun], inference_cases: Sequence[str] = ()) -> Iterator[str]:
    """Yield a sentence for each condition that these runs share: configuration, restriction, samples of each model."""
    if runs and runs[0].configuration is not None:
        given = json.loads(runs[0].configuration)
        options = ", ".join(f"{name} = {_shown(value)}" for name, value in given.items())
        yield f"configuration: {options}" if options else "configuration: none of the options"
    if runs and runs[0].restriction is not None:
        names = ", ".join(run.label for run in runs) if len(runs) > 1 else "the models named with this one"
        yield f"only on samples that all of these answered: {names}"
    yield from repeats_told((run.label, run.repeats_found) for run in runs)
    if inference_cases:
        kind = "only the samples that were shown so to all" if runs[0].restriction is not None else "its own samples"
        yield f"each model counts {kind} on {', '.join(inference_cases)}: by inference metadata"


def repeats_told(found: Iterable[tuple[str, Repeats | None]]) -> Iterator[str]:
    """Yield what there is to say of models, by their labels, that answered samples several times."""
    told = [f"{label} answered each sample {_times(one)} (by {one.field})" for label, one in found if one is not None]
    if told:
        yield f"{'; '.join(told)}: each counts for its share of the sample, and intervals keep them together"


def _times(repeats: Repeats) -> str:
    if repeats.most == 1:
        return "once"
    return (
        f"{repeats.most:,} times" if repeats.fewest == repeats.most else f"{repeats.fewest:,} to {repeats.most:,} times"
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
