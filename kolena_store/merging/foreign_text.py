"""SQL from the other store's catalogue: held to the rules that it was written under before any of it runs here."""

from collections.abc import Iterable

from kolena_store.errors import DamagedStore, InvalidInput, RefusedStatement
from kolena_store.merging.rows import Row
from kolena_store.predicates import SUITE, check_tree, parse_tree
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.types import type_fragment

__all__ = ["check_definition", "check_types"]

TABLE = "test_samples"


def check_types(where: str, types: Iterable[str]) -> None:
    """Stop when a text that stands for a type is none.

    Raises:
        DamagedStore: there is one.
    """
    for kind in types:
        try:
            type_fragment(kind)
        except InvalidInput as error:
            raise DamagedStore(f"{where} of the other store: {error}; its catalogue was altered") from error


def check_definition(name: str, row: Row) -> None:
    """Stop when a test case of the other store is no query of this dataset's samples alone.

    Raises:
        RefusedStatement: it is none.
    """
    if row["normalised"] is None:
        return
    where = f"the test case {name!r} of the other store"
    tree = parse_tree(row["normalised"], where=where)
    check_tree(tree, SUITE, where=where)
    own = {lowered(one) for one in tree.cte_names}
    strange = sorted({lowered(one) for one in tree.table_names} - own - {TABLE})
    if strange:
        raise RefusedStatement(
            f"{where} reads {strange[0]!r}; a test case may read {TABLE} alone: take it out of its suite there"
        )
