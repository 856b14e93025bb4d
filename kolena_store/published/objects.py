"""What is published, object by object: only what has changed since the last commit is made again."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from kolena_store.database import Transaction
from kolena_store.digests import sha256_of_texts
from kolena_store.statements import Fragment, identifier, joined, literal, statement

__all__ = ["MACROS", "VIEWS", "Kind", "PublishedObject", "comments_of", "publish_objects"]

Kind = Literal["view", "macro", "table_macro"]
Key = tuple[str, str, str]

VIEWS: tuple[Kind, ...] = ("view",)
MACROS: tuple[Kind, ...] = ("macro", "table_macro")
COMMENTS: Mapping[str, str] = MappingProxyType(
    {"view": "on_view", "macro": "on_macro", "table_macro": "on_table_macro"}
)
DROPS: Mapping[str, str] = MappingProxyType(
    {"view": "drop_view", "macro": "drop_macro", "table_macro": "drop_table_macro"}
)
STATEMENTS_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class PublishedObject:
    """A view or a macro: where it stands, how it is made, and its comments.

    `made_from` is the text that decides whether it must be made again; `create` is asked for only then.
    """

    schema: str
    name: str
    kind: Kind
    made_from: str
    create: Callable[[], Fragment]
    comment: str
    columns: Sequence[tuple[str, str]] = ()

    @property
    def key(self) -> Key:
        """Return what tells it from the others of the store."""
        return self.schema, self.kind, self.name

    @property
    def digest(self) -> str:
        """Return the identity of the object and its comments."""
        return sha256_of_texts([self.made_from, self.comment, *(text for pair in self.columns for text in pair)])

    def statements(self) -> Iterator[Fragment]:
        """Yield what makes the object, and then its comments."""
        yield self.create()
        yield from comments_of(self, is_table=False)


def comments_of(one: PublishedObject, *, is_table: bool) -> Iterator[Fragment]:
    """Yield the statements that comment an object and its columns; a view may have become a table."""
    name = identifier(one.schema, one.name)
    how = "on_table" if is_table else COMMENTS[one.kind]
    yield statement("views/comments", how).fill(name=name, text=literal(one.comment))
    on_column = statement("views/comments", "on_column")
    for column, text in one.columns:
        yield on_column.fill(name=identifier(one.schema, one.name, column), text=literal(text))


def publish_objects(
    transaction: Transaction,
    dataset_id: int | None,
    objects: Sequence[PublishedObject],
    *,
    kinds: Collection[Kind],
    again: bool = False,
) -> None:
    """Make those of a dataset's objects that are new or changed, and drop those that are gone.

    Args:
        dataset_id: None for the objects of the whole store.
        objects: all of these kinds that should be there.
        again: make all of them, changed or not.
    """
    rows = transaction.rows("publish.published_objects", dataset_id=dataset_id)
    known: dict[Key, str] = {(schema, kind, name): digest for schema, name, kind, digest in rows if kind in kinds}
    wanted = {one.key: one for one in objects}
    changed = [one for one in objects if again or known.get(one.key) != one.digest]
    gone = [key for key in known if key not in wanted]
    if not changed and not gone:
        return
    _run(transaction, [*map(_dropped, gone), *(text for one in changed for text in one.statements())])
    _note(transaction, dataset_id, gone, changed)


def _dropped(key: Key) -> Fragment:
    schema, kind, name = key
    return statement("views/comments", DROPS[kind]).fill(name=identifier(schema, name))


def _run(transaction: Transaction, statements: Sequence[Fragment]) -> None:
    for start in range(0, len(statements), STATEMENTS_AT_ONCE):
        transaction.run(joined(statements[start : start + STATEMENTS_AT_ONCE], "\n"))


def _note(
    transaction: Transaction, dataset_id: int | None, gone: Sequence[Key], changed: Sequence[PublishedObject]
) -> None:
    keys = [list(key) for key in (*gone, *(one.key for one in changed))]
    transaction.run("publish.forget_objects", dataset_id=dataset_id, keys=keys)
    transaction.run(
        "publish.note_objects",
        dataset_id=dataset_id,
        schemas=[one.schema for one in changed],
        names=[one.name for one in changed],
        kinds=[one.kind for one in changed],
        digests=[one.digest for one in changed],
    )
