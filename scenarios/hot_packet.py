"""One packet that everybody wants: all wait for the same moment, come within seconds, and few of them get a share.

    rainproof run hot_packet --people 100000 --duration 60 --workers 4 --backend servers
    locust -f scenarios/hot_packet.py --headless            # against a running target

`hot_night.py` plans it; people behave as in `group_grab.py`. How many packets are sent does not depend on --packets.
The herd reacts in log-normal times around 7.5 % of the duration: 20 seconds make it as quick as people are. The
first worker sends; the others learn by way of the master where the packet lies.
"""

from functools import partial
from typing import Final

from harness.swarm.arrivals import Arrival
from harness.swarm.news import News
from harness.swarm.schedules import part_of
from scenarios import group_grab
from scenarios.group_grab import WAITS_FOR_PACKET_S, Table, behave
from scenarios.hot_night import HOT, plan_hot_night
from scenarios.night import Group, Visit

REJOICES_S: Final = 0.5  # between opening and looking who else was lucky


class HotPacket(group_grab.GroupGrab):
    """One worker's part of the herd."""

    def plan(self) -> None:
        settings = self.worker.settings
        night = plan_hot_night(settings.seed, settings.people, settings.duration_s, settings.tagged)
        self.everybody = night.groups
        self.groups = list(night.groups) if self.worker.part == 0 else []  # the first worker funds and sends
        self.news: News = self.environment.rainproof_news

    def arrivals(self) -> list[Arrival]:
        """The senders, where they are this worker's, and every so-many-th of those who come."""
        tables = [Table(group, packet) for group in self.groups for packet in group.packets]
        sending = [Arrival(table.packet.at_ns, partial(self.send, table)) for table in tables]
        coming = [arrival for group in self.everybody for arrival in self.herd(group)]
        mine = part_of(sorted(coming, key=_when), self.worker.part, self.worker.parts)
        return sorted([*sending, *mine], key=_when)

    def herd(self, group: Group) -> list[Arrival]:
        """All who come of one side. How far those spread who come to the hot packet is reported."""
        hot = {packet.number for packet in group.packets if packet.sending == HOT}
        return [
            Arrival(visit.at_ns, partial(self.come_to, group, visit), "herd" if visit.packet in hot else "")
            for visit in group.visits
        ]

    def send(self, table: Table, due_ns: int) -> None:
        super().send(table, due_ns)
        self.news.tell(str(table.packet.number), {"packet": table.identifier, "expires_ns": table.expires_ns})

    def come_to(self, group: Group, visit: Visit, due_ns: int) -> None:
        heard = self.news.wait(str(visit.packet), WAITS_FOR_PACKET_S)
        if heard is None or heard.what["packet"] is None:  # it was never sent: there is nothing to see
            return
        person = self.worker.person(visit.person, group.tagged, max(due_ns, heard.at_ns))
        if behave(person, heard.what["packet"], visit, heard.what["expires_ns"]):
            person.think(REJOICES_S)
            person.ask("details", packet=heard.what["packet"])
            person.ask("balance")


class Onlooker(group_grab.Onlooker):
    """People who only look."""


def _when(arrival: Arrival) -> int:
    return arrival.offset_ns
