"""Tables of a few people: a packet has a short code that its sender says aloud, and all at the table type it.

    rainproof run face_to_face --people 400 --duration 10 --seed 7
    locust -f scenarios/face_to_face.py --headless          # against a running target

`tables.py` plans it; people behave as in `group_grab.py`, but they open what the code stands for. How many packets are
sent does not depend on --packets: one a table.
"""

from functools import partial

from harness.swarm.person import Person
from scenarios import group_grab
from scenarios.group_grab import Table, behave, send
from scenarios.night import Night, Visit
from scenarios.tables import plan_tables


class FaceToFace(group_grab.GroupGrab):
    """One worker's tables. `codes`: what was said aloud, by the packet's number in the plan."""

    def night(self) -> Night:
        settings = self.worker.settings
        self.codes: dict[int, str] = {}
        return plan_tables(settings.seed, settings.people, settings.duration_s, settings.tagged)

    def send(self, table: Table, due_ns: int) -> None:
        sender = self.worker.person(table.packet.sender, table.group.tagged, due_ns)
        send(sender, table, partial(self.say_code, sender, table))
        if table.is_paid:
            self.worker.board.append(table)

    def say_code(self, sender: Person, table: Table) -> None:
        told = sender.insist("code", packet=table.identifier)
        if "code" in told.fields:
            self.codes[table.packet.number] = told.fields["code"]

    def come(self, table: Table, visit: Visit, due_ns: int) -> None:
        table.wait()
        code = self.codes.get(table.packet.number)
        if code is None:  # nothing was said
            return
        person = self.worker.person(visit.person, table.group.tagged, max(due_ns, table.shown_ns))
        found = person.ask("find", values={"code": code})
        if found.subject and behave(person, found.subject, visit, table.expires_ns):
            self.opened[visit.person] = found.subject


class Onlooker(group_grab.Onlooker):
    """People who only look."""
