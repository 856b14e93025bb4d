"""The test cases of a field of lists: for each element, the samples whose list has it."""

from collections.abc import Iterator

from kolena_store.errors import InvalidInput
from kolena_store.statements import Fragment, statement
from kolena_store.test_suites.bins import Bins
from kolena_store.test_suites.fields import CutField
from kolena_store.test_suites.strata import Stratum, missing, same, shown_value

__all__ = ["MOST_ELEMENTS", "by_element"]

MOST_ELEMENTS = 50


def by_element(field: CutField, bins: Bins | None, notes: list[str]) -> Iterator[Stratum]:
    """Yield a test case for each element, of many the commonest, and for lists that are empty or missing.

    Args:
        field: the field.
        bins: how it is to be cut; lists have no ranges.
        notes: gets a sentence on the elements that were left out.

    Raises:
        InvalidInput: the lists hold no plain values, or ranges were asked.
    """
    element = _element(field)
    if bins is not None or not element.is_plain:
        what = "lists have no ranges" if bins is not None else "its lists hold no plain values to make test cases of"
        raise InvalidInput(
            f"{field.name!r} holds {field.kind}: {what}; name another field, or write the views in a file"
        )
    fragments = {"field": field.in_files, "kind": Fragment(element.kind)}
    rows = field.rows(statement("queries/suites", "list_elements"), fragments, most=MOST_ELEMENTS)
    facts = field.rows(statement("queries/suites", "list_facts"), {"field": field.in_files})[0]
    if facts["n_elements"] > MOST_ELEMENTS:
        notes.append(
            f"{field.name} has {facts['n_elements']:,} different elements; the {MOST_ELEMENTS} commonest have a test "
            f"case, the others are in at most {rows[-1]['n']:,} samples each"
        )
    for row in sorted(rows, key=lambda row: row["place"]):
        value = row["value"]
        shown = "NaN" if value != value else shown_value(row["text"] if element.is_typed else value)
        predicate = f"list_contains({field.value}, {same(element, row['value'], row['text'])})"
        yield Stratum(name=f"{field.name} has {shown}", predicate=predicate)
    if facts["n_holes"]:
        predicate = f"len({field.value}) > list_count({field.value})"
        yield Stratum(name=f"{field.name} has a missing element", predicate=predicate)
    if facts["n_empty"]:
        yield Stratum(name=f"{field.name} is empty", predicate=f"len({field.value}) = 0")
    if facts["n_null"]:
        yield missing(field)


def _element(field: CutField) -> CutField:
    return CutField(
        session=field.session,
        version=field.version,
        name=field.name,
        root=field.root,
        value=field.value,
        kind=field.kind[: field.kind.rindex("[")],
    )
