"""Builds small legal nights and asks the judge about them.

Everything a world does on its own is legal. A test breaks it by changing `world.rows` after `finish()`, or by
inventing operations that no correct system would have answered.
"""

import random

import duckdb
import pyarrow as pa

from invariants.judge import judge
from invariants.legal import STEP_NS, TABLES, LegalSystem, Trip
from invariants.registry import INVARIANTS
from invariants.tables import arrow, connect
from invariants.verdict import Verdict

__all__ = ["TABLES", "World", "clean_night"]


class World(LegalSystem):
    """One night of `seed`."""

    def __init__(self, seed: int = 0, clocks: dict[str, int] | None = None, clock_error_ns: int = 0) -> None:
        super().__init__(random.Random(seed).randrange, clocks, clock_error_ns)

    # --- what clients do ----------------------------------------------------------------------------------------------

    def packet(
        self,
        total_fen: int = 100,
        shares: int = 3,
        sender: str = "1",
        kind: str = "lucky",
        lifetime_us: int = 10**12,
        tag: bool = False,
    ) -> str:
        """Fund the sender, send and pay; gives the packet's id."""
        self.fund(sender, total_fen, tag)
        packet = self.send(sender, total_fen, shares, kind, lifetime_us, tag)["subject"]
        self.pay(packet)
        return packet

    def open(
        self,
        packet: str,
        person: str,
        key: str | None = None,
        fate: str = "answered",
        sent_ns: int | None = None,
        arrive_ns: int | None = None,
        done_ns: int | None = None,
        worker: str = "w0",
    ) -> dict:
        """One attempt. `fate`: answered, lost (it arrives and its answer does not) or dropped (it never arrives).

        Attempts must be made in the order of `arrive_ns`; the times default to one after another.
        """
        sent_ns = self.true_ns if sent_ns is None else sent_ns
        arrive_ns = sent_ns + STEP_NS // 2 if arrive_ns is None else arrive_ns
        done_ns = arrive_ns + STEP_NS // 2 if done_ns is None else done_ns
        return super().open(packet, person, key, Trip(sent_ns, arrive_ns, done_ns, fate, worker))

    def refused(self, packet: str, person: str, reason: str = "sold_out", name: str = "grab", **known: object) -> dict:
        return self.operation(name, person, "fail", reason=reason, subject=packet, key=self.key(), **known)

    def finish(self) -> "World":
        super().finish()
        return self

    # --- what tests ask -----------------------------------------------------------------------------------------------

    def all(self, table: str, **values: object) -> list[dict]:
        return [row for row in self.rows[table] if all(row.get(name) == value for name, value in values.items())]

    def find(self, table: str, **values: object) -> dict:
        """The one row with these values."""
        (row,) = self.all(table, **values)
        return row

    def arrow(self, table: str) -> pa.Table:
        return arrow(table, self.rows[table])

    def load(self, without: tuple[str, ...] = ()) -> duckdb.DuckDBPyConnection:
        """A database with the canonical tables of this world, as views."""
        return connect({table: rows for table, rows in self.rows.items() if table not in without})

    def judge(self, *names: str) -> dict[str, Verdict]:
        with self.load() as connection:
            return {verdict.name: verdict for verdict in judge(connection, names)}

    def verdict(self, name: str) -> Verdict:
        return self.judge(name)[name]

    def complaints(self) -> list[tuple[str, str]]:
        """(invariant, subject) of everything that any invariant finds violated or unsettled, without the judge."""
        with self.load() as connection:
            return [
                (name, subject)
                for name, invariant in INVARIANTS.items()
                for query in filter(None, (invariant.violations, invariant.unsettled))
                for (subject,) in connection.execute(f"SELECT subject FROM ({query}) AS q").fetchall()
            ]


def clean_night() -> World:
    """A legal night with every kind of packet and end: sold out, refunded, half open, tagged, equal, retried."""
    world = World(seed=7)
    sold_out = world.packet(total_fen=1_000, shares=3, sender="1")
    for person in ("11", "12", "13"):
        world.open(sold_out, person)
    world.refused(sold_out, "14")
    world.refused(sold_out, "15", name="open")
    refunded = world.packet(total_fen=500, shares=5, sender="2", lifetime_us=100_000)
    world.open(refunded, "11")
    world.open(refunded, "2")
    world.expire(refunded)
    world.open(refunded, "16")
    half = world.packet(total_fen=900, shares=4, sender="3")
    key = world.key()
    world.open(half, "17", key=key, fate="lost")
    world.open(half, "17", key=key)
    world.open(half, "18", fate="lost")
    world.open(half, "19", fate="dropped")
    equal = world.packet(total_fen=300, shares=3, sender="4", kind="equal")
    world.open(equal, "12")
    tagged = world.packet(total_fen=200, shares=2, sender="900", tag=True)
    for person in ("901", "902"):
        world.open(tagged, person)
    world.refused(tagged, "903", tag=True)
    return world.finish()
