"""Saving a slice as a test case: into the suite file that a person named, never into the store."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from kolena_store.database import Session
from kolena_store.errors import ConflictingDefinition, InvalidInput, UnreadableFile
from kolena_store.files import beside
from kolena_store.formats import read_text
from kolena_store.inspection.scopes import DatasetScope
from kolena_store.predicates import check_predicate
from kolena_store.statements import Fragment, identifier, literal, statement
from kolena_store.test_suites import ALL, views_of_suite

__all__ = ["SuiteFile", "definition_of", "definition_text"]

LONGEST_NAME = 200


def definition_of(scope: DatasetScope, name: str, predicate: str, description: str = "") -> str:
    """Return a test case as a suite file holds it.

    Raises:
        InvalidInput: the name can't name a test case.
        RefusedStatement: the predicate is none that is allowed.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() or name.lower() == ALL:
        raise InvalidInput(
            f"{name!r} can't name a test case: 1 to {LONGEST_NAME} printable characters, and not {ALL!r}, which is "
            "every sample"
        )
    return definition_text(name, check_predicate(predicate, scope.version.types), description)


def definition_text(name: str, checked: Fragment, description: str = "") -> str:
    """Return a test case as a suite file holds it, of a predicate that was checked."""
    view = statement("queries/suites", "stratum").fill(name=identifier(name), predicate=checked)
    if not description.strip():
        return f"{view}\n"
    comment = statement("queries/suites", "comment_on_case").fill(
        name=identifier(name), comment=literal(" ".join(description.replace("\0", " ").split()))
    )
    return f"{view}\n{comment}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFile:
    """A suite file that test cases may be added to; what stands there stays as it is."""

    path: Path
    lock: threading.Lock

    def add(self, session: Session, scope: DatasetScope, *, name: str, predicate: str, description: str = "") -> str:
        """Write a test case at the end of the file, which is made when it is not there, and return its text.

        Nothing is written that could not be read again.

        Raises:
            ConflictingDefinition: the file defines a test case of this name.
            InvalidInput: the name can't name a test case, or the file is no suite of the dataset.
            RefusedStatement: the predicate is none that is allowed.
            UnreadableFile: the file can't be read or written.
        """
        text = definition_of(scope, name, predicate, description)
        with self.lock:
            stands = self.path.read_bytes() if self.path.exists() else b""
            before = read_text(self.path) if stands else ""
            if name.lower() in self._names(session, scope, before):
                raise ConflictingDefinition(
                    f"{self.path.name} names {name!r} already; choose another name, or change it there by hand"
                )
            gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
            whole = before + gap + text
            if name.lower() not in self._names(session, scope, whole):
                raise InvalidInput(f"{self.path.name} would not define {name!r}; correct its end by hand")
            added = (gap + text).replace("\n", "\r\n" if b"\r\n" in stands else "\n")
            self._replace(stands + added.encode())
        return text

    def _names(self, session: Session, scope: DatasetScope, text: str) -> list[str]:
        """Return the names that a text defines, in small letters: names that differ in case alone are the same."""
        try:
            views = views_of_suite(session, scope.dataset, scope.version, text, file=self.path.name)
        except InvalidInput as error:
            raise InvalidInput(
                f"nothing was saved, as the file could not be read as a suite of {scope.dataset.name!r}: {error}. "
                "Correct it by hand, and end its last statement with a semicolon"
            ) from error
        return [view.name.lower() for view in views]

    def _replace(self, content: bytes) -> None:
        """Write the file whole or not at all."""
        try:
            with beside(Path(os.path.realpath(self.path))) as part:
                part.write_bytes(content)
                if self.path.exists():
                    part.chmod(self.path.stat().st_mode & 0o777)
        except OSError as error:
            raise UnreadableFile(
                f"{self.path} can't be written ({os.strerror(error.errno or 0)}); name another suite file"
            ) from error
