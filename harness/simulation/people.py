"""People who go through their scripts, and the history of what they saw."""

from typing import Any, Final

from harness.simulation.network import Lost, ask
from harness.simulation.processes import Processes
from harness.simulation.scheduler import Scheduler
from harness.simulation.world import Person, Plan, Row, Step, request_of
from harness.target.answer import Answer
from invariants.schema import HISTORY

PATIENCE_S: Final = 2.0
_TOLD: Final = ("subject", "amount_fen", "sequence", "remaining_fen", "balance_fen", "income_fen", "orders")
"""What of an answer is in the history."""
LOST: Final = Answer(outcome="info", reason="timeout")


class Slot:
    """A subject that people come to know: `ready` when it is shown, or will never be."""

    def __init__(self) -> None:
        self.subject: str | None = None
        self.ready = False


class Crowd:
    """The people of a plan."""

    def __init__(self, scheduler: Scheduler, processes: Processes, plan: Plan) -> None:
        self._scheduler = scheduler
        self._processes = processes
        self._slots = {step.makes: Slot() for person in plan.people for step in person.steps if step.makes}
        self._sent: list[dict[str, Any]] = []

    def live(self, person: Person) -> None:
        """Go through one script; what nobody made is left out."""
        try:
            for number, step in enumerate(person.steps, 1):
                self._take(person, number, step)
        finally:
            for step in person.steps:
                for name in {step.makes, step.shows} & self._slots.keys():
                    self._slots[name].ready = True

    def _take(self, person: Person, number: int, step: Step) -> None:
        if step.pause_s:
            self._scheduler.sleep(step.pause_s)
        slot = self._slots.get(step.about)
        if step.about and slot is None:
            return
        if slot is not None:
            if not any(own.makes == step.about for own in person.steps):
                self._scheduler.wait(slot)
            if slot.subject is None:
                return
        answer = self._attempts(person, number, step, slot.subject if slot else step.subject or None)
        if step.makes and answer.subject:
            self._slots[step.makes].subject = answer.subject
        if step.shows in self._slots:
            self._slots[step.shows].ready = True

    def _attempts(self, person: Person, number: int, step: Step, subject: str | None) -> Answer:
        answer = LOST
        for _ in range(step.attempts):
            answer = self._ask(person, number, step, subject)
            if answer.outcome != "info":
                break
        return answer

    def _ask(self, person: Person, number: int, step: Step, subject: str | None) -> Answer:
        scheduler = self._scheduler
        request = request_of(step, number, person, subject)
        row = self._sending(person, step, subject, request.key)
        service = self._processes[person.asks]
        try:
            answer: Answer = ask(scheduler, person.asks, step.operation, lambda: service.serve(request), PATIENCE_S)
        except Lost as lost:
            answer = Answer(outcome="info", reason=str(lost))
        self._received(row, answer)
        scheduler.tell(f"{step.operation} {_told(row)}")
        return answer

    def _sending(self, person: Person, step: Step, subject: str | None, key: str) -> dict[str, Any]:
        now_ns = self._scheduler.now_ns
        row = dict.fromkeys(HISTORY)
        row |= {
            "worker": "people",
            "number": len(self._sent) + 1,
            "person": str(person.person),
            "operation": step.operation,
            "subject": subject,
            "key": key,
            "amount_fen": step.amount_fen,
            "intended_ns": now_ns,
            "sent_ns": now_ns,
            "outcome": "info",
            "reason": "unfinished",
            "mark": step.mark or None,
            "tag": person.tagged,
            "stage": person.stage or None,
            "clock_error_ns": 0,
        }
        self._sent.append(row)
        return row

    def _received(self, row: dict[str, Any], answer: Answer) -> None:
        row |= {"outcome": answer.outcome, "reason": answer.reason, "reader": answer.reader}
        if answer.outcome == "info":
            return
        row["done_ns"] = self._scheduler.now_ns
        for name in _TOLD:
            told = getattr(answer, name)
            if told is not None:
                row[name] = told

    def rows(self) -> list[Row]:
        """The history so far."""
        return [tuple(row[name] for name in HISTORY) for row in self._sent]


def _told(row: dict[str, Any]) -> str:
    shown = (f"{name}={row[name]}" for name in ("amount_fen", "sequence", "remaining_fen") if row[name] is not None)
    return " ".join(
        [f"of {row['subject']}" if row["subject"] else "", "→", row["outcome"], row["reason"] or "", *shown]
    )
