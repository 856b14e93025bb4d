"""What identifies a run, in the ids of another store: the same dataset, results, suite and configuration there."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from kolena_store.digests import canonical_json

__all__ = ["Translation", "translated_key", "translated_restriction"]

Versioned = tuple[int, int]
"""(id, version)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """How each part of a run is called in the other store; a KeyError says that it is not there."""

    dataset: Callable[[Versioned], Versioned]
    results: Callable[[Versioned], Versioned]
    suite: Callable[[Versioned], Versioned]
    configuration: Callable[[int], int]


def translated_key(key: str, translation: Translation) -> str:
    """Return the key that a run has in the other store.

    Raises:
        KeyError: a part of it is not there.
    """
    document = json.loads(key)
    configuration = document["configuration"]
    return canonical_json(
        {
            **document,
            "dataset": translation.dataset(tuple(document["dataset"])),
            "results": translation.results(tuple(document["results"])),
            "suite": translation.suite(tuple(document["suite"])),
            "configuration": None if configuration is None else translation.configuration(configuration),
            "restriction": translated_restriction(document["restriction"], translation),
        }
    )


def translated_restriction(restriction: str | None, translation: Translation) -> str | None:
    """Return how a run that counts the samples of several models names their results in the other store.

    Raises:
        KeyError: some of these results are not there.
    """
    if restriction is None:
        return None
    kind, _, results = restriction.partition(" ")
    there = [translation.results(tuple(one)) for one in json.loads(results)]
    return f"{kind} {canonical_json(there)}"
