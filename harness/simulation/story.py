"""A counterexample as a person reads it: who did what, what each saw, where the order or a fault made the difference,
and where money went wrong."""

from collections.abc import Iterator, Sequence
from typing import Final

from harness.simulation.schedule import START_NS
from harness.simulation.trace import Event
from invariants.verdict import Verdict

_WIDTH: Final = 110
_FAULTS: Final = {
    "fail": "this never arrives",
    "timeout": "this is done, but its answer is lost",
    "twice": "this is done twice",
    "delay": "this is held up",
    "reorder": "this is delivered in the wrong order",
    "crash": "the process dies before this",
    "crash_after": "the process dies right after this",
    "wipe": "the cache loses everything before this",
    "jump": "the clock of the process jumps here",
    "skew": "the process starts with a clock that is off",
}


def story(events: Sequence[Event], verdicts: Sequence[Verdict], starts_ns: int = START_NS) -> list[str]:
    """Numbered lines: what was said and seen, what was off the default, and the verdicts at the end."""
    lines = [*_events(events, starts_ns), *_wrong(verdicts)]
    return [f"{number:>3}. {line}" for number, line in enumerate(lines, 1)]


def transcript(events: Sequence[Event], starts_ns: int = START_NS) -> list[str]:
    """Every point with its statement or command, parameters and all."""
    return [
        f"{_moment(event, starts_ns)} {event.actor}: {event.kind} {' '.join(event.text.split())}"
        + (f" {event.detail}" if event.detail is not None else "")
        + "".join(f"  ⚡ {words}" for words in _off_default(event))
        for event in events
    ]


def _events(events: Sequence[Event], starts_ns: int) -> Iterator[str]:
    for event in events:
        if event.kind == "told":
            yield f"{_moment(event, starts_ns)} {event.actor}: {event.text}"
        for words in _off_default(event):
            yield f"{_moment(event, starts_ns)} {event.actor} at {_short(event)} ⚡ {words}"


def _off_default(event: Event) -> Iterator[str]:
    if event.fault:
        yield _FAULTS[event.fault]
    if event.switched_to:
        yield f"{event.switched_to} goes first"


def _wrong(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        if verdict.verdict == "violated":
            yield f"{verdict.name} is violated: {verdict.statement}"
            for sentence in dict.fromkeys(witness.sentence for witness in verdict.witnesses):
                yield f"    {sentence}"


def _moment(event: Event, starts_ns: int) -> str:
    return f"{(event.at_ns - starts_ns) / 1e6:8.1f} ms"


def _short(event: Event) -> str:
    text = " ".join(f"{event.kind} {event.text}".split())
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
