"""junit.xml: one test case an invariant, for whatever shows a pipeline's tests.

violated → failure, unknown → error, not claimed → skipped.
"""

from pathlib import Path
from xml.etree import ElementTree as xml

from harness.report.results import Results
from harness.report.summary import worst_witness
from harness.report.words import plain
from invariants.verdict import Verdict


def write(folder: Path, results: Results) -> Path:
    """Write junit.xml into `folder`."""
    path = folder / "junit.xml"
    xml.ElementTree(suite(results)).write(path, encoding="utf-8", xml_declaration=True)
    return path


def suite(results: Results) -> xml.Element:
    """The <testsuite> element of a run."""
    verdicts = [verdict.verdict for verdict in results.invariants.values()]
    element = xml.Element(
        "testsuite",
        name=f"rainproof.{plain(results.run.scenario)}",
        tests=str(len(verdicts) + len(results.not_claimed)),
        failures=str(verdicts.count("violated")),
        errors=str(verdicts.count("unknown")),
        skipped=str(len(results.not_claimed)),
        time=f"{results.run.seconds:.3f}",
    )
    for name, verdict in results.invariants.items():
        _describe(_case(element, results, name, verdict.seconds), verdict)
    for name in results.not_claimed:
        xml.SubElement(_case(element, results, name, 0.0), "skipped", message="not claimed by the target")
    xml.SubElement(element, "system-out").text = plain(results.run.reproduce)
    return element


def _case(parent: xml.Element, results: Results, name: str, seconds: float) -> xml.Element:
    classname = f"rainproof.{plain(results.run.scenario)}"
    return xml.SubElement(parent, "testcase", classname=classname, name=name, time=f"{seconds:.3f}")


def _describe(case: xml.Element, verdict: Verdict) -> None:
    if verdict.verdict == "violated":
        worst = worst_witness(verdict)
        sentence = plain(worst.sentence) if worst else "no witness"
        message = f"{verdict.violations} violations in {verdict.examined} examined: {sentence}"
        details = [f"must: {verdict.statement}"]
        details += [f"{w.role}: {plain(w.subject)}: {plain(w.sentence)}" for w in verdict.witnesses]
        xml.SubElement(case, "failure", type="violated", message=message).text = "\n".join(details)
    elif verdict.verdict == "unknown":
        reason = plain(verdict.reason or "no reason given")
        xml.SubElement(case, "error", type="unknown", message=reason).text = verdict.statement
    else:
        xml.SubElement(case, "system-out").text = f"{verdict.examined} examined"
