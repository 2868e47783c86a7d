"""The summary of a run for people: verdicts first, then the money, then how the run went."""

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harness.report.results import Awards, Fault, Latency, Money, Operations, Percentiles, Results
from harness.report.words import MARKS, fen, measure, milliseconds, plain
from invariants.verdict import Verdict, Witness

WIDTH: Final = 100
_LABEL: Final = 11
_WORST_FIRST: Final = ("violated", "unknown", "holds")
_MEANING: Final = {
    "holds": "every claimed invariant holds",
    "violated": "something that must never happen did",
    "unknown": "not proved: something claimed could not be judged",
}


def write(folder: Path, results: Results) -> Path:
    """Write summary.txt into `folder`."""
    path = folder / "summary.txt"
    path.write_text(text(results), encoding="utf-8")
    return path


def text(results: Results) -> str:
    """The whole summary, at most 100 columns wide but for a path or a command's word that is longer."""
    parts = (
        _headline(results),
        _verdicts(results),
        _money(results.money),
        _awards(results.awards),
        _operations(results),
        _latencies(results.latency),
        _conduct(results),
        _end(results),
    )
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def _headline(results: Results) -> Iterator[str]:
    run = results.run
    yield f"{MARKS[results.verdict]} {results.verdict.upper()}: {_MEANING[results.verdict]}"
    where = f" on {run.backend}" if run.backend else ""
    yield f"  {plain(run.scenario)}{where}, seed {run.seed}, {run.seconds:.1f} s, exit code {results.exit_code}"
    for reason in results.reasons:
        yield from _wrapped(plain(reason), "  ! ")


def _verdicts(results: Results) -> Iterator[str]:
    for value in _WORST_FIRST:
        for name, verdict in results.invariants.items():
            if verdict.verdict == value:
                yield from _verdict(name, verdict)
    if results.not_claimed:
        yield from _wrapped("not claimed: " + ", ".join(results.not_claimed), "  - ")


def _verdict(name: str, verdict: Verdict) -> Iterator[str]:
    counts = f"{verdict.examined:,} examined"
    if verdict.violations:
        counts += f", {verdict.violations:,} violations"
    if verdict.unsettled:
        counts += f", {verdict.unsettled:,} unsettled"
    yield from _wrapped(f"{name:<26} {counts}", f"  {MARKS[verdict.verdict]} ")
    if verdict.verdict == "unknown":
        yield from _wrapped(plain(verdict.reason or "no reason given"), "      why: ")
    if verdict.verdict == "violated":
        yield from _wrapped(verdict.statement, "      must: ")
    if worst := worst_witness(verdict):
        yield from _wrapped(f"{plain(worst.subject)}: {plain(worst.sentence)}", "      worst: ")


def worst_witness(verdict: Verdict) -> Witness | None:
    """The violation to show when there is room for one."""
    by_role = {witness.role: witness for witness in reversed(verdict.witnesses)}
    return by_role.get("worst") or by_role.get("first") or by_role.get("last")


def _money(money: Money | None) -> Iterator[str]:
    if money is None:
        yield _labelled("money", "no evidence")
        return
    right = money.opened_fen + money.refunded_fen + money.held_fen
    off = money.funded_fen - right
    yield _labelled("money", f"funded {fen(money.funded_fen)}")
    yield _labelled("", f"= opened {fen(money.opened_fen)} + refunded {fen(money.refunded_fen)}")
    yield _labelled("", f"+ held {fen(money.held_fen)}")
    said = "✓ the sides are equal" if off == 0 else f"✗ {fen(abs(off))} {'missing' if off > 0 else 'too many'}"
    yield _labelled("", said if off or money.balanced else "✗ the sum is right, single packets are not")
    owed = money.opened_fen - money.credited_fen
    said = "all of it" if owed == 0 else f"{fen(abs(owed))} {'not credited' if owed > 0 else 'too many'}"
    yield _labelled("", f"credited {fen(money.credited_fen)} of what was opened: {said}")


def _awards(awards: Awards | None) -> Iterator[str]:
    if awards is None:
        return
    times = "" if awards.times is None else f": {awards.times:,.1f} times as fast"
    yield _labelled("awards", f"{awards.told:,} told, {awards.credited:,} credited")
    speeds = f"at the peak {awards.peak_per_s:,.0f}/s were told, {awards.credited_per_s:,.1f}/s credited meanwhile"
    yield _labelled("", speeds + times)
    yield _labelled("", f"at most {awards.waiting_most:,} waited to be credited")


def _operations(results: Results) -> Iterator[str]:
    all_of_them, settled = results.operations, results.settled
    yield _labelled("operations", _counts(all_of_them))
    if all_of_them.info:
        yield _labelled(
            "",
            f"of {all_of_them.info:,} indeterminate: {settled.happened:,} happened, "
            f"{settled.did_not_happen:,} did not, {settled.unsettled:,} unsettled",
        )
    width = max(map(len, results.by_operation), default=0)
    for name, operations in results.by_operation.items():
        yield _labelled("", f"  {name:<{width}}  {_counts(operations)}")


def _counts(counts: Operations) -> str:
    return f"{counts.issued:,} issued = {counts.ok:,} ok + {counts.fail:,} fail + {counts.info:,} info"


def _latencies(latency: dict[str, Latency]) -> Iterator[str]:
    if not latency:
        return
    width = max(map(len, latency))
    columns = "".join(f"{name:>9}" for name in ("p50", "p90", "p99", "p99.9", "max"))
    yield _labelled("latency", f"{'ms':<{width}}{columns}   from the schedule")
    for name, measured in latency.items():
        yield _labelled("", f"{name:<{width}}{_figures(measured.response_us)}")
        yield _labelled("", f"{'':<{width}}{_figures(measured.service_us)}   from sending")


def _figures(percentiles: object) -> str:
    values = (getattr(percentiles, name) for name in Percentiles.__struct_fields__)
    return "".join(f"{milliseconds(value):>9}" for value in values)


def _conduct(results: Results) -> Iterator[str]:
    if rate := results.rate:
        yield _labelled("rate", f"offered {rate.offered_per_s:,.1f}/s, achieved {rate.achieved_per_s:,.1f}/s")
    if results.generator:
        said = ", ".join(measure(name, value) for name, value in results.generator.items())
        yield from _wrapped(said, f"{'generator':<{_LABEL}}")
    if not results.drained:
        yield _labelled("drain", "the target still had work to do when the time was up")
    faults = [f"{fault.name} at {fault.at_s:.1f} s {fault.detail}".strip() for fault in results.faults]
    yield from _wrapped(plain("; ".join(faults) or "none"), f"{'faults':<{_LABEL}}")
    for fault in results.faults:
        yield from _felt(fault)


def _felt(fault: Fault) -> Iterator[str]:
    """What clients had in the seconds after a fault, an operation a line."""
    if not fault.felt:
        return
    yield from _wrapped(plain(f"after {fault.name}, for {fault.felt_s:g} s:"), " " * _LABEL)
    width = max(map(len, fault.felt))
    for name, felt in fault.felt.items():
        p99 = "no answer" if felt.p99_us is None else f"p99 {milliseconds(felt.p99_us)} ms"
        said = f"{felt.ok:,} ok + {felt.fail:,} fail + {felt.info:,} info, {p99}"
        yield _labelled("", f"  {plain(name):<{width}}  {said}")


def _end(results: Results) -> Iterator[str]:
    yield from _command(results.run.reproduce)
    yield _labelled("run", results.run.path)


def _command(command: str) -> Iterator[str]:
    """A command line, broken between words in the way that a shell takes."""
    lines = [""]
    for word in map(shlex.quote, shlex.split(command)):
        if lines[-1] and len(lines[-1]) + len(word) > WIDTH - _LABEL - 3:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    for number, line in enumerate(lines):
        yield _labelled("" if number else "reproduce", line if line is lines[-1] else f"{line} \\")


def _labelled(label: str, said: str) -> str:
    return f"{label:<{_LABEL}}{said}".rstrip()


def _wrapped(said: str, begin: str) -> Sequence[str]:
    return textwrap.wrap(
        said, WIDTH, initial_indent=begin, subsequent_indent=" " * len(begin), break_on_hyphens=False
    ) or [begin.rstrip()]
