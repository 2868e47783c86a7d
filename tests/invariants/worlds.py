"""Builds small legal nights: a correct packet system in memory, its history as clients saw it and its evidence.

Everything a world does on its own is legal. A test breaks it by changing `world.rows` after `finish()`, or by
inventing operations that no correct system would have answered.
"""

import random
from itertools import count

import duckdb
import pyarrow as pa

from invariants.allocation import bounds
from invariants.judge import judge
from invariants.registry import INVARIANTS
from invariants.schema import EVIDENCE, HISTORY
from invariants.verdict import Verdict

TABLES = {"history": HISTORY, **EVIDENCE}
LEDGERS = ("ledger_0", "ledger_1")
_ARROW = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_()}
_STEP_NS = 1_000_000


class World:
    """One night. `true_ns` is real time; workers stamp it with their own clock, databases in microseconds."""

    def __init__(self, seed: int = 0, clocks: dict[str, int] | None = None, clock_error_ns: int = 0) -> None:
        self.random = random.Random(seed)
        self.rows: dict[str, list[dict]] = {table: [] for table in TABLES}
        self.true_ns = 1_000_000_000
        self._clocks = clocks or {"w0": 0}
        self._clock_error_ns = clock_error_ns
        self._numbers = {worker: count(1) for worker in self._clocks}
        self._posting_numbers = {store: count(1) for store in LEDGERS}
        self._ids = count(1)
        self._keys = count(1)

    # --- what clients do ----------------------------------------------------------------------------------------------

    def operation(self, name: str, person: str, outcome: str = "ok", **known: object) -> dict:
        """Journal one operation; `sent_ns` and `done_ns` are true times, the worker's clock is added."""
        worker = known.pop("worker", "w0")
        sent_ns = known.pop("sent_ns", self.true_ns)
        done_ns = known.pop("done_ns", sent_ns + _STEP_NS)
        self.true_ns = max(self.true_ns, sent_ns, done_ns or 0) + _STEP_NS
        offset = self._clocks[worker]
        row = {
            "worker": worker,
            "number": next(self._numbers[worker]),
            "person": person,
            "operation": name,
            "intended_ns": sent_ns + offset,
            "sent_ns": sent_ns + offset,
            "done_ns": None if done_ns is None else done_ns + offset,
            "outcome": outcome,
            "tag": False,
            "clock_error_ns": self._clock_error_ns,
            **known,
        }
        self.rows["history"].append(row)
        return row

    def key(self) -> str:
        return f"key-{next(self._keys)}"

    def fund(self, person: str, amount_fen: int, tag: bool = False) -> None:
        key = self.key()
        self.operation("fund", person, key=key, amount_fen=amount_fen, tag=tag)
        self._post(f"fund:{key}", "fund", person, [("world", -amount_fen), (f"user:{person}", amount_fen)], tag)

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
        packet = f"P{next(self._ids)}"
        self.operation("send", sender, key=self.key(), subject=packet, amount_fen=total_fen, tag=tag)
        paid_us = self.true_ns // 1_000
        self.operation("pay", sender, key=self.key(), subject=packet, amount_fen=total_fen, tag=tag)
        lines = [(f"user:{sender}", -total_fen), (f"escrow:{packet}", total_fen)]
        self._post(f"pay:{packet}", "pay", packet, lines, tag)
        self.rows["packets"].append(
            {
                "store": "south_0",
                "packet": packet,
                "sender": sender,
                "kind": kind,
                "total_fen": total_fen,
                "shares": shares,
                "state": "paid",
                "paid_us": paid_us,
                "expires_us": paid_us + lifetime_us,
                "tag": tag,
            }
        )
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
        arrive_ns = sent_ns + _STEP_NS // 2 if arrive_ns is None else arrive_ns
        done_ns = arrive_ns + _STEP_NS // 2 if done_ns is None else done_ns
        key = key or self.key()
        known = {
            "subject": packet,
            "key": key,
            "sent_ns": sent_ns,
            "worker": worker,
            "tag": self.find("packets", packet=packet)["tag"],
        }
        if fate == "dropped":
            return self.operation("open", person, "info", reason="timeout", done_ns=done_ns, **known)
        refusal, voucher = self._serve(packet, person, key, arrive_ns // 1_000)
        if fate == "lost":
            return self.operation("open", person, "info", reason="timeout", done_ns=None, **known)
        if refusal:
            return self.operation("open", person, "fail", reason=refusal, done_ns=done_ns, **known)
        told = {name: voucher[name] for name in ("amount_fen", "sequence", "remaining_fen")}
        return self.operation("open", person, done_ns=done_ns, **known, **told)

    def refused(self, packet: str, person: str, reason: str = "sold_out", name: str = "grab", **known: object) -> dict:
        return self.operation(name, person, "fail", reason=reason, subject=packet, key=self.key(), **known)

    def expire(self, packet: str) -> None:
        """Let the packet's time run out and refund what nobody opened."""
        row = self.find("packets", packet=packet)
        self.true_ns = max(self.true_ns, row["expires_us"] * 1_000 + _STEP_NS)
        if row["state"] == "exhausted":
            return
        row["state"] = "refunded"
        self.rows["refunds"].append(
            {
                "store": "south_0",
                "packet": packet,
                "person": row["sender"],
                "amount_fen": row["total_fen"] - sum(o["amount_fen"] for o in self.opens(packet)),
                "refunded_us": self.true_ns // 1_000,
                "voucher": f"{packet}-0",
                "tag": row["tag"],
            }
        )

    # --- what the system does -----------------------------------------------------------------------------------------

    def opens(self, packet: str) -> list[dict]:
        return [row for row in self.rows["opens"] if row["packet"] == packet]

    def _serve(self, packet: str, person: str, key: str, now_us: int) -> tuple[str | None, dict]:
        row = self.find("packets", packet=packet)
        taken = self.opens(packet)
        for voucher in taken:
            if voucher["person"] == person:
                return (None, voucher) if voucher["key"] == key else ("already_opened", {})
        if now_us >= row["expires_us"]:
            return "expired", {}
        left_shares = row["shares"] - len(taken)
        if not left_shares:
            return "sold_out", {}
        left_fen = row["total_fen"] - sum(voucher["amount_fen"] for voucher in taken)
        amount_fen = self._draw(row, left_fen, left_shares)
        voucher = {
            "store": "south_0",
            "packet": packet,
            "person": person,
            "sequence": len(taken) + 1,
            "amount_fen": amount_fen,
            "remaining_fen": left_fen - amount_fen,
            "opened_us": now_us,
            "voucher": f"{packet}-{len(taken) + 1}",
            "key": key,
            "tag": row["tag"],
        }
        self.rows["opens"].append(voucher)
        if left_shares == 1:
            row["state"] = "exhausted"
        return None, voucher

    def _draw(self, packet: dict, left_fen: int, left_shares: int) -> int:
        if packet["kind"] == "equal":
            return packet["total_fen"] // packet["shares"]
        lower, upper = bounds(left_fen, left_shares)
        return max(lower, self.random.randrange(upper)) if left_shares > 1 else left_fen

    def _post(self, entry: str, kind: str, subject: str, lines: list[tuple[str, int]], tag: bool) -> None:
        """One entry; what leaves one ledger for the other passes through their clearing accounts."""
        stores = {self._home(account) for account, _ in lines}
        for store in sorted(stores):
            here = [(account, fen) for account, fen in lines if self._home(account) == store]
            beyond = -sum(fen for _, fen in here)
            for account, fen in here + ([("clearing", beyond)] if beyond else []):
                self.rows["postings"].append(
                    {
                        "store": store,
                        "number": next(self._posting_numbers[store]),
                        "entry": entry,
                        "kind": kind,
                        "subject": subject,
                        "account": account,
                        "account_kind": account.partition(":")[0],
                        "amount_fen": fen,
                        "posted_us": self.true_ns // 1_000,
                        "tag": tag,
                    }
                )

    @staticmethod
    def _home(account: str) -> str:
        return LEDGERS[sum(account.encode()) % 2]

    # --- the end of the night -----------------------------------------------------------------------------------------

    def finish(self) -> "World":
        """Credit every voucher, sum up the accounts and list what stands where."""
        for kind, table in (("credit", "opens"), ("refund", "refunds")):
            for row in self.rows[table]:
                fen, voucher = row["amount_fen"], row["voucher"]
                lines = [(f"escrow:{row['packet']}", -fen), (f"user:{row['person']}", fen)]
                self._post(f"credit:{voucher}", kind, voucher, lines, row["tag"])
        self.balance()
        for table, subject in (("packets", "packet"), ("opens", "packet"), ("postings", "subject")):
            for row in self.rows[table]:
                self.rows["shadow_rows"].append(
                    {
                        "store": row["store"],
                        "place": f"shadow_{table}" if row["tag"] else table,
                        "shadow": row["tag"],
                        "subject": row[subject],
                        "person": row.get("person", row.get("sender")),
                        "tag": row["tag"],
                    }
                )
        return self

    def balance(self) -> None:
        """Make the accounts what the postings say."""
        sums: dict[tuple, int] = {}
        for line in self.rows["postings"]:
            at = (line["store"], line["account"], line["account_kind"], line["tag"])
            sums[at] = sums.get(at, 0) + line["amount_fen"]
        self.rows["accounts"] = [
            {
                "store": store,
                "account": account,
                "kind": kind,
                "person": account.partition(":")[2] if kind == "user" else None,
                "packet": account.partition(":")[2] if kind == "escrow" else None,
                "balance_fen": balance_fen,
                "tag": tag,
            }
            for (store, account, kind, tag), balance_fen in sums.items()
        ]

    # --- what tests ask -----------------------------------------------------------------------------------------------

    def all(self, table: str, **values: object) -> list[dict]:
        return [row for row in self.rows[table] if all(row.get(name) == value for name, value in values.items())]

    def find(self, table: str, **values: object) -> dict:
        """The one row with these values."""
        (row,) = self.all(table, **values)
        return row

    def arrow(self, table: str) -> pa.Table:
        schema = pa.schema([(name, _ARROW[kind]) for name, kind in TABLES[table].items()])
        return pa.Table.from_pylist(self.rows[table], schema)

    def load(self, without: tuple[str, ...] = ()) -> duckdb.DuckDBPyConnection:
        """A database with the canonical tables of this world, as views."""
        connection = duckdb.connect(":memory:", config={"threads": 1})
        for table in TABLES:
            if table not in without:
                connection.register(table, self.arrow(table))
        return connection

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
