"""A store to try things on: a copy of the catalogue beside links to the data files, gone when it was used.

What is measured for a page may need memberships or scores that the store does not have, and looking writes nothing.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kolena_store.database import CATALOGUE_FILE, Database, Seals, Transaction
from kolena_store.errors import DamagedStore
from kolena_store.files import DATA_FOLDER, INCOMING_PREFIX

__all__ = ["on_scratch"]

T = TypeVar("T")


def on_scratch(root: Path, ask: Callable[[Transaction], T]) -> T:
    """Return what is found in a transaction on a copy of a store's newest state; the store stays as it is.

    Raises:
        StoreError: what asking raises, or the store was cleaned up meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="kolena-store-look-") as folder:
        scratch = Path(folder).resolve()
        _link(root, scratch)
        database = Database(scratch, before_commit=_nothing)
        database.seals = Seals(scratch, notes_of=root)
        with database.transaction(makes_store=False) as transaction:
            return ask(transaction)


def _link(root: Path, scratch: Path) -> None:
    """Copy the catalogue, and link the data files that there are."""
    try:
        shutil.copyfile(root / CATALOGUE_FILE, scratch / CATALOGUE_FILE)
    except OSError as error:
        raise DamagedStore(f"{root} can't be read ({error.strerror}); check it: kolena-store verify") from error
    for kind in (root / DATA_FOLDER).iterdir():
        (scratch / DATA_FOLDER / kind.name).mkdir(parents=True)
        for file in kind.iterdir():
            if not file.name.startswith(INCOMING_PREFIX):
                (scratch / DATA_FOLDER / kind.name / file.name).symlink_to(file)


def _nothing(_: Transaction) -> None:
    """Bring no views up to date: what is committed here goes with the copy."""
