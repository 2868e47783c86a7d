"""junit.xml, as a pipeline reads it."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from harness.report import junit
from harness.report.results import Results
from invariants.verdict import Verdict, Witness


def test_one_case_an_invariant(tmp_path: Path, results_of: Callable[..., Results]) -> None:
    """Violated is a failure, unknown an error, not claimed skipped, and the counts agree."""
    suite = ElementTree.parse(junit.write(tmp_path, results_of())).getroot()
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "rainproof.group_grab", "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    cases = {case.get("name"): [child.tag for child in case] for case in suite.findall("testcase")}
    assert cases == {
        "no_overspend": ["system-out"],
        "open_order": ["error"],
        "conservation": ["failure"],
        "hot_cold_once": ["skipped"],
    }
    failure = suite.find(".//failure")
    assert failure is not None
    assert failure.get("message", "").startswith("2 violations in 300 examined: funded with 2,000 fen")
    assert failure.text is not None and "first: p1: first one" in failure.text
    error = suite.find(".//error")
    assert error is not None and error.get("message") == "no evidence: opens"


def test_strange_texts_stay_xml(tmp_path: Path, results_of: Callable[..., Results]) -> None:
    """Ids and messages with control characters or markup make a file that parses."""
    evil = 'a\x00\x1b[2J]]></failure>&"\ud800￿'
    verdict = Verdict("x", "violated", "must", 1, 1, witnesses=[Witness("first", evil, evil, 1, [])])
    unknown = Verdict("y", "unknown", "must", reason=evil)
    results = results_of(invariants={"x": verdict, "y": unknown})
    run = msgspec.structs.replace(results.run, scenario=evil, reproduce=evil)
    written = junit.write(tmp_path, msgspec.structs.replace(results, run=run))
    assert len(ElementTree.parse(written).getroot().findall("testcase")) == 3
