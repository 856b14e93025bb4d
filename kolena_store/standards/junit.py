"""The outcome of a quality standard as JUnit XML, which continuous integration shows as tests.

The form is that of the schema for Apache Ant's reports (attributes and elements in its order), which Jenkins' own
schema takes too.
"""

import platform
import re
from typing import TYPE_CHECKING

from kolena_store.display import visible
from kolena_store.standards.results import GateResult
from kolena_store.standards.wording import found_cell, why

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from kolena_store.standards.report import CheckReport

__all__ = ["junit_of"]

NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_of(report: "CheckReport") -> str:
    """Return a document with one test suite: a test case for each result, whose class is the gate.

    What counts as a failure is one, of the type `fail` or `undecided`; what is waived is skipped, for the reason of the
    waiver; warnings pass, and stand in the suite's output.
    """
    from xml.etree import ElementTree

    counts = [result.counts_as for result in report.results]
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": _text(report.standard.name),
            "package": _text(report.standard.dataset),
            "id": "0",
            "timestamp": report.checked.isoformat(timespec="seconds"),
            "hostname": _text(platform.node()) or "localhost",
            "tests": str(len(counts)),
            "failures": str(counts.count("failure")),
            "errors": "0",
            "skipped": str(counts.count("waived")),
            "time": f"{report.seconds:.3f}",
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(report).items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": _text(value)})
    demands = {one.gate.id: one.demand for one in report.summaries}
    for result in report.results:
        suite.append(_case(report, result, demands[result.gate]))
    ElementTree.SubElement(suite, "system-out").text = "\n".join(_output(report))
    ElementTree.SubElement(suite, "system-err").text = ""
    ElementTree.indent(root)
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return declaration + ElementTree.tostring(root, encoding="unicode", short_empty_elements=False) + "\n"


def _properties(report: "CheckReport") -> dict[str, str]:
    return {
        "dataset": f"{report.standard.dataset} version {report.dataset_version}",
        "suite": f"{report.suite} version {report.suite_version}",
        "models": ", ".join(report.models),
        **({"baseline": report.baseline} if report.baseline is not None else {}),
    }


def _case(report: "CheckReport", result: GateResult, demand: str) -> "Element":
    from xml.etree import ElementTree

    of_model = f" ({result.model})" if len(report.models) > 1 else ""
    case = ElementTree.Element(
        "testcase",
        {
            "name": _text(f"{result.subject} on {result.test_case}{of_model}"),
            "classname": _text(f"{report.standard.name}.{result.gate}"),
            "time": "0",
        },
    )
    if result.counts_as == "failure":
        message = _said(result)
        failure = {"message": message, "type": result.outcome}
        ElementTree.SubElement(case, "failure", failure).text = _demanded(result, demand)
    elif result.counts_as == "waived":
        ElementTree.SubElement(case, "skipped", {"message": _said(result)})
    return case


def _demanded(result: GateResult, demand: str) -> str:
    lines = (f"gate {result.gate}: {demand}", f"found on {result.test_case}: {_said(result)}")
    return "\n".join(map(_text, lines))


def _said(result: GateResult) -> str:
    return _text(f"{found_cell(result)}: {why(result)}")


def _output(report: "CheckReport") -> list[str]:
    warned = [result for result in report.results if result.counts_as == "warning"]
    warnings = [_text(f"warning: {one.gate}: {one.subject} on {one.test_case}: {_said(one)}") for one in warned]
    return [*warnings, *(_text(note) for note in report.notes)]


def _text(text: str) -> str:
    """Return text that XML can hold: what it can't, and what steers a terminal, stands as an escaped code."""
    return NO_XML.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), visible(text))
