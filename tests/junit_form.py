"""The form of JUnit XML that the common schemas share (Apache Ant's reports, Jenkins), as a check of our own."""

import datetime
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SUITE = ("name", "timestamp", "hostname", "tests", "failures", "errors", "time", "package", "id")
"""Attributes that a test suite must have; `skipped` may stand beside them."""

WHOLE = re.compile(r"-?\d+")
DECIMAL = re.compile(r"\d*\.?\d+")
OUTCOMES = {
    "failure": ({"message", "type"}, {"type"}),
    "error": ({"message", "type"}, {"type"}),
    "skipped": ({"message"}, set()),
}
"""Element -> the attributes that it may and must have."""


def checked_junit(text: str) -> Element:
    """Return the one test suite of a document that has the common form; an AssertionError says what has not."""
    root = ElementTree.fromstring(text.encode("utf-8"))
    assert (root.tag, root.attrib) == ("testsuites", {})
    (suite,) = root
    check_suite(suite)
    return suite


def check_suite(suite: Element) -> None:
    assert suite.tag == "testsuite"
    assert set(SUITE) <= set(suite.attrib) <= {*SUITE, "skipped"}
    assert all(suite.attrib[name].strip() for name in ("name", "hostname"))
    assert all(WHOLE.fullmatch(suite.attrib[name]) for name in ("tests", "failures", "errors", "id"))
    assert DECIMAL.fullmatch(suite.attrib["time"])
    assert datetime.datetime.fromisoformat(suite.attrib["timestamp"]).isoformat() == suite.attrib["timestamp"]
    tags = [child.tag for child in suite]
    cases = [child for child in suite if child.tag == "testcase"]
    assert tags == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
    for one in suite[0]:
        assert (one.tag, set(one.attrib), len(one)) == ("property", {"name", "value"}, 0)
    for case in cases:
        check_case(case)
    counts = {kind: sum(case.find(kind) is not None for case in cases) for kind in OUTCOMES}
    assert int(suite.attrib["tests"]) == len(cases)
    assert [int(suite.attrib[name]) for name in ("failures", "errors", "skipped")] == list(counts.values())


def check_case(case: Element) -> None:
    assert set(case.attrib) == {"name", "classname", "time"}
    assert DECIMAL.fullmatch(case.attrib["time"])
    assert len(case) <= 1
    for outcome in case:
        may, must = OUTCOMES[outcome.tag]
        assert must <= set(outcome.attrib) <= may
        assert len(outcome) == 0
