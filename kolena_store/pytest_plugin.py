"""A plugin of pytest: each gate of a quality standard (`*.standard.toml`) is a test."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kolena_store.standards import CheckReport, Gate, Standard

__all__ = ["GateTest", "GateWarning", "StandardFile", "pytest_addoption", "pytest_collect_file"]

STANDARD_SUFFIX = ".standard.toml"
OPTIONS = (
    (
        "store",
        "PATH",
        "the store that quality standards are checked in (else KOLENA_STORE, else the nearest one upward)",
    ),
    ("model", "MODEL", "the model that is checked against quality standards"),
    ("baseline", "MODEL", "the model that gates compare it with"),
)


class GateWarning(pytest.PytestWarning):
    """A gate that did not pass, and counts as a warning."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each of which can stand in pytest's configuration file too."""
    group = parser.getgroup("kolena_store", "quality standards of kolena_store")
    for name, metavar, text in OPTIONS:
        group.addoption(f"--kolena-{name}", metavar=metavar, help=text)
        parser.addini(f"kolena_{name}", text)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "StandardFile | None":
    """Collect the files of quality standards; nothing else of this package is loaded until there is one."""
    is_standard = file_path.name.endswith(STANDARD_SUFFIX)
    return StandardFile.from_parent(parent, path=file_path) if is_standard else None


class StandardFile(pytest.File):
    """The file of a quality standard, which is checked when the first of its gates is run."""

    def collect(self) -> "Iterator[GateTest]":
        """Yield a test for each gate.

        Raises:
            CollectError: the file breaks its form, or no model is named.
        """
        from kolena_store.errors import StoreError

        if not self._setting("model"):
            raise self.CollectError(
                "no model to check against this standard; name one with --kolena-model, or with kolena_model in "
                "pytest's configuration (to collect no standards: -p no:kolena_store.pytest_plugin)"
            )
        try:
            gates = self.standard.gates
        except StoreError as error:
            raise self.CollectError(str(error)) from error
        yield from (GateTest.from_parent(self, name=gate.id, gate=gate) for gate in gates)

    @cached_property
    def standard(self) -> "Standard":
        """Return what the file says."""
        from kolena_store.standards import read_standard

        return read_standard(self.path)

    @cached_property
    def report(self) -> "CheckReport":
        """Return what came of checking the model, which is done once for all gates."""
        from kolena_store.cli.places import find_store
        from kolena_store.store import Store

        store = Store(find_store(self._named_store()))
        return store.check(self.standard, str(self._setting("model")), self._setting("baseline"))

    def _named_store(self) -> str | None:
        """Return the store that is named; a path in the configuration file stands from that file's folder."""
        named = self._setting("store")
        if named is None or self.config.getoption("kolena_store") or self.config.inipath is None:
            return named
        return str(self.config.inipath.parent / named)

    def _setting(self, name: str) -> str | None:
        """Return an option, else what stands in the configuration file, else None."""
        given: str | None = self.config.getoption(f"kolena_{name}")
        return given or self.config.getini(f"kolena_{name}") or None


class GateTest(pytest.Item):
    """One gate of a quality standard, over all of its metrics and test cases."""

    def __init__(self, *, gate: "Gate", **options: object) -> None:
        """Remember the gate."""
        super().__init__(**options)  # type: ignore[arg-type]
        self.gate = gate

    def runtest(self) -> None:
        """Fail when the gate does, with what it found; waived gates are expected to fail, warnings are warnings."""
        from kolena_store.errors import StoreError

        assert isinstance(self.parent, StandardFile)
        refusal = None
        try:
            report = self.parent.report.of_gate(self.gate.id)
        except StoreError as error:
            refusal = str(error)
        if refusal is not None:  # outside of the handler, lest pytest print both errors
            pytest.fail(refusal, pytrace=False)
        (summary,) = report.summaries
        if summary.counts_as == "failure":
            n = summary.passed + summary.failed + summary.undecided
            first = report.not_passed()[0]
            head = f"{len(report.not_passed())} of {n} did not pass, first {first.subject} on {first.test_case}"
            pytest.fail(f"{head}\n{report}", pytrace=False)
        if summary.counts_as == "warning":
            self.warn(GateWarning(str(report)))
        if summary.counts_as == "waived":
            pytest.xfail("; ".join(dict.fromkeys(f"waived: {one.waiver}" for one in report.not_passed())))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the gate stands, and how reports call it."""
        line = None if self.gate.line is None else self.gate.line - 1
        return self.path, line, f"gate {self.gate.id}"
