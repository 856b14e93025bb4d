"""What a suite file says of one test case."""

from dataclasses import dataclass

from kolena_store.statements import Fragment

__all__ = ["ViewDefinition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewDefinition:
    """One CREATE VIEW of a suite file, checked."""

    name: str
    level: str
    """`sample`: it selects test samples; `inference`: those of each model, by how they were shown to it; `object`: it
    selects ground truths, and the others are ignored."""

    source: str
    """The SELECT as the user wrote it."""

    normalised: str
    """The SELECT as DuckDB gives it back; it may read earlier views."""

    standalone: Fragment
    """The normalised SELECT with the earlier views that it reads inside: what runs, on tables alone."""

    digest: str
    """The definition's identity: its own tokens and the digests of the earlier views that it reads."""

    description: str | None
    tags: tuple[str, ...]
    reads: tuple[str, ...]
    """The earlier views that it names, in the order of the file."""

    within: str | None
    """Object level: the sample-level view on whose samples it is measured; None: on all."""

    fields: tuple[str, ...]
    """The fields, key columns aside, that its tables need for it to run."""

    inference_fields: tuple[str, ...]
    """The inference metadata fields that results need for it to run."""

    line: int
