"""A correct packet system in memory: its history as clients saw it, and its evidence, in the canonical tables.

Everything it does on its own is legal. Whoever wants a violation changes a row of `rows` after `finish()`.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

from msgspec import Struct

from invariants import legal_festival
from invariants.allocation import bounds
from invariants.schema import EVIDENCE, HISTORY

Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Canonical table → rows, each with the columns it knows; a missing column is NULL."""

TABLES: Final = {"history": HISTORY, **EVIDENCE}
LEDGERS: Final = ("ledger_0", "ledger_1")
STEP_NS: Final = 1_000_000
LONG_US: Final = 24 * 3600 * 1_000_000


class Trip(Struct, frozen=True):
    """One attempt on its way to the system and back, in true time.

    `fate`: answered, lost (it arrives and its answer does not) or dropped (it never arrives).
    """

    sent_ns: int
    arrive_ns: int
    done_ns: int
    fate: str = "answered"
    worker: str = "w0"


class Told(Struct, frozen=True):
    """The system's answer: a refusal's reason, or what the columns of the client's row become."""

    refusal: str = ""
    values: Row = {}


Serve = Callable[[int], Told]
"""The system's part of an attempt, given the moment in microseconds at which it arrives."""


class LegalSystem:
    """One night. `true_ns` is real time; workers stamp it with their own clocks, databases in microseconds.

    `draw(n)` gives a number from 0 to n - 1. Attempts must be made in the order in which they arrive.
    """

    def __init__(
        self, draw: Callable[[int], int], clocks: Mapping[str, int] | None = None, clock_error_ns: int = 0
    ) -> None:
        self.rows: Rows = {table: [] for table in TABLES}
        self.true_ns = 1_000_000_000
        self._draw = draw
        self._clocks = clocks or {"w0": 0}
        self._clock_error_ns = clock_error_ns
        self._numbers = {worker: count(1) for worker in self._clocks}
        self._posting_numbers = {store: count(1) for store in LEDGERS}
        self._ids = count(1)
        self._keys = count(1)
        self._orders: dict[str, Row] = {}
        self._sent: dict[str, str] = {}
        self._funds: dict[str, int] = {}
        self._funded: set[tuple[str, str]] = set()

    # --- what clients do ----------------------------------------------------------------------------------------------

    def key(self) -> str:
        """An idempotency key that was not given before."""
        return f"key-{next(self._keys)}"

    def trip(self) -> Trip:
        """The next quick attempt: after everything else, answered in a step."""
        return Trip(self.true_ns, self.true_ns + STEP_NS // 2, self.true_ns + STEP_NS)

    def fund(
        self, person: str, amount_fen: int, tag: bool = False, key: str | None = None, trip: Trip | None = None
    ) -> Row:
        key = key or self.key()
        known = {"key": key, "amount_fen": amount_fen, "tag": tag}
        return self.attempt("fund", person, lambda _: self._fund(person, amount_fen, key, tag), trip, **known)

    def send(
        self,
        sender: str,
        total_fen: int,
        shares: int,
        kind: str = "lucky",
        lifetime_us: int = LONG_US,
        tag: bool = False,
        key: str | None = None,
        trip: Trip | None = None,
    ) -> Row:
        """Preorder; the same key gets the same packet."""
        key = key or self.key()
        order = {
            "sender": sender,
            "kind": kind,
            "total_fen": total_fen,
            "shares": shares,
            "lifetime_us": lifetime_us,
            "tag": tag,
        }
        known = {"key": key, "amount_fen": total_fen, "tag": tag}
        return self.attempt("send", sender, lambda _: self._send(order, key), trip, **known)

    def pay(self, packet: str, key: str | None = None, trip: Trip | None = None) -> Row:
        order = self._orders[packet]
        known = {"key": key or self.key(), "subject": packet, "tag": order["tag"]}
        return self.attempt("pay", order["sender"], lambda now_us: self._pay(packet, now_us), trip, **known)

    def grab(self, packet: str, person: str, key: str | None = None, trip: Trip | None = None) -> Row:
        known = {"key": key or self.key(), "subject": packet, "tag": self._orders[packet]["tag"]}
        return self.attempt("grab", person, lambda now_us: Told(self._closed(packet, person, now_us)), trip, **known)

    def open(self, packet: str, person: str, key: str | None = None, trip: Trip | None = None) -> Row:
        """Take a share; the same key gets the same answer."""
        key = key or self.key()
        known = {"key": key, "subject": packet, "tag": self._orders[packet]["tag"]}
        return self.attempt("open", person, lambda now_us: self._open(packet, person, key, now_us), trip, **known)

    def look(self, packet: str, person: str, trip: Trip | None = None) -> Row:
        known = {"subject": packet, "tag": self._orders[packet]["tag"]}
        refusal = "" if self.find_packet(packet) else "not_paid"
        return self.attempt("details", person, lambda _: Told(refusal), trip, **known)

    def attempt(self, name: str, person: str, serve: Serve, trip: Trip | None = None, **known: Any) -> Row:
        """Make one attempt: what the system does at its arrival, and what the client's journal says of it."""
        trip = trip or self.trip()
        known |= {"worker": trip.worker, "sent_ns": trip.sent_ns}
        if trip.fate == "dropped":
            return self.operation(name, person, "info", reason="timeout", done_ns=trip.done_ns, **known)
        told = serve(trip.arrive_ns // 1_000)
        if trip.fate == "lost":
            return self.operation(name, person, "info", reason="timeout", done_ns=None, **known)
        if told.refusal:
            return self.operation(name, person, "fail", reason=told.refusal, done_ns=trip.done_ns, **known)
        return self.operation(name, person, done_ns=trip.done_ns, **(known | told.values))

    def operation(self, name: str, person: str, outcome: str = "ok", **known: Any) -> Row:
        """Journal one operation; `sent_ns` and `done_ns` are true times, the worker's clock is added."""
        worker = known.pop("worker", "w0")
        sent_ns = known.pop("sent_ns", self.true_ns)
        done_ns = known.pop("done_ns", sent_ns + STEP_NS)
        self.true_ns = max(self.true_ns, sent_ns, done_ns or 0) + STEP_NS
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

    # --- what the system does -----------------------------------------------------------------------------------------

    def expire(self, packet: str) -> None:
        """Let the packet's time run out and refund what nobody opened."""
        row = self.find_packet(packet)
        if row is None:
            return
        self.true_ns = max(self.true_ns, row["expires_us"] * 1_000 + STEP_NS)
        self.refund(packet, self.true_ns // 1_000)

    def refund(self, packet: str, now_us: int) -> None:
        """Refund a packet whose time is over, if anything is left of it."""
        row = self.find_packet(packet)
        if row is None or row["state"] != "paid":
            return
        row["state"] = "refunded"
        self.rows["refunds"].append(
            {
                "store": row["store"],
                "home": row["home"],
                "packet": packet,
                "person": row["sender"],
                "amount_fen": row["total_fen"] - sum(opened["amount_fen"] for opened in self.opens(packet)),
                "refunded_us": now_us,
                "voucher": f"{packet}-0",
                "tag": row["tag"],
            }
        )

    def give_back(self, packet: str) -> None:
        """The payment's packet can never be: a tombstone takes its place and the sender gets the money back."""
        row = self.find_packet(packet)
        if row is None or row["state"] != "paid" or self.opens(packet):
            return
        row["state"] = "void"
        lines = [(f"escrow:{packet}", -row["total_fen"]), (f"user:{row['sender']}", row["total_fen"])]
        self.post(f"return:{packet}", "return", packet, lines, row["tag"])

    def find_packet(self, packet: str) -> Row | None:
        """The row of a paid packet."""
        return next((row for row in self.rows["packets"] if row["packet"] == packet), None)

    def opens(self, packet: str) -> list[Row]:
        """The vouchers of a packet's opens, in order."""
        return [row for row in self.rows["opens"] if row["packet"] == packet]

    def _fund(self, person: str, amount_fen: int, key: str, tag: bool) -> Told:
        if (person, key) not in self._funded:
            self._funded.add((person, key))
            self._funds[person] = self._funds.get(person, 0) + amount_fen
            lines = [("world", -amount_fen), (f"user:{person}", amount_fen)]
            self.post(f"fund:{person}:{key}", "fund", person, lines, tag)
        return Told()

    def _send(self, order: Row, key: str) -> Told:
        if key not in self._sent:
            self._sent[key] = f"P{next(self._ids)}"
            self._orders[self._sent[key]] = order
        return Told(values={"subject": self._sent[key]})

    def _pay(self, packet: str, now_us: int) -> Told:
        order = self._orders[packet]
        sender, total_fen, standing = order["sender"], order["total_fen"], self.find_packet(packet)
        if standing is None:
            if self._funds.get(sender, 0) < total_fen:
                return Told("insufficient_funds")
            self._funds[sender] -= total_fen
            lines = [(f"user:{sender}", -total_fen), (f"escrow:{packet}", total_fen)]
            self.post(f"pay:{packet}", "pay", packet, lines, order["tag"])
            self.rows["packets"].append(_paid_packet(packet, order, now_us))
        elif standing["state"] == "void":
            return Told("void")
        return Told(values={"amount_fen": total_fen})

    def _closed(self, packet: str, person: str, now_us: int) -> str:
        """Why this person cannot open this packet now; empty where they can."""
        row, taken = self.find_packet(packet), self.opens(packet)
        if row is None:
            return "not_paid"
        if any(voucher["person"] == person for voucher in taken):
            return "already_opened"
        if row["state"] == "void":
            return "void"
        if len(taken) == row["shares"]:
            return "sold_out"
        return "expired" if now_us >= row["expires_us"] else ""

    def _open(self, packet: str, person: str, key: str, now_us: int) -> Told:
        standing = next((row for row in self.opens(packet) if (row["person"], row["key"]) == (person, key)), None)
        if standing is None:
            closed = self._closed(packet, person, now_us)
            if closed:
                return Told(closed)
            standing = self._take(packet, person, key, now_us)
        return Told(values={name: standing[name] for name in ("amount_fen", "sequence", "remaining_fen")})

    def _take(self, packet: str, person: str, key: str, now_us: int) -> Row:
        row, taken = self.find_packet(packet), self.opens(packet)
        assert row is not None
        left_fen = row["total_fen"] - sum(voucher["amount_fen"] for voucher in taken)
        left_shares = row["shares"] - len(taken)
        amount_fen = self._share_fen(row, left_fen, left_shares)
        voucher = {
            "store": row["store"],
            "home": row["home"],
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
        return voucher

    def _share_fen(self, packet: Row, left_fen: int, left_shares: int) -> int:
        if packet["kind"] == "equal":
            return int(packet["total_fen"] // packet["shares"])
        lower, upper = bounds(left_fen, left_shares)
        return max(lower, self._draw(upper)) if left_shares > 1 else left_fen

    def post(self, entry: str, kind: str, subject: str | None, lines: Sequence[tuple[str, int]], tag: bool) -> None:
        """One entry; what leaves one ledger for the other passes through their clearing accounts."""
        for store in sorted({_home(account) for account, _ in lines}):
            here = [(account, fen) for account, fen in lines if _home(account) == store]
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

    # --- the end of the night -----------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Credit every voucher, sum up the accounts and list what stands where."""
        for kind, table in (("credit", "opens"), ("refund", "refunds")):
            for row in self.rows[table]:
                fen, voucher = row["amount_fen"], row["voucher"]
                lines = [(f"escrow:{row['packet']}", -fen), (f"user:{row['person']}", fen)]
                self.post(f"credit:{voucher}", kind, voucher, lines, row["tag"])
        self.celebrate()
        self.balance()
        self.rows["samples"] = [_sample(row) for row in self.rows["packets"] if self.opens(row["packet"])]
        self.show()
        self.cache()
        for table, subject in (("packets", "packet"), ("opens", "packet"), ("postings", "subject")):
            self.rows["shadow_rows"] += [_place(row, table, subject) for row in self.rows[table]]

    def celebrate(self) -> None:
        """Beside the packets a small festival, with everything that a wallet has."""
        self.rows["history"] += legal_festival.history(self.true_ns)
        for table, rows in legal_festival.evidence().items():
            self.rows[table] += rows
        for entry, kind, subject, lines in legal_festival.movements():
            self.post(entry, kind, subject, lines, False)

    def cache(self) -> None:
        """Let the cache say what the orders say."""
        for packet in self.rows["packets"]:
            opens = self.opens(packet["packet"])
            closed = packet["state"] in ("refunded", "void")
            known = {"store": "cache", "view": "cache", "packet": packet["packet"], "tag": packet["tag"]}
            body = {
                "state": packet["state"],
                "remaining_fen": 0 if closed else packet["total_fen"] - sum(row["amount_fen"] for row in opens),
                "remaining_shares": 0 if closed else packet["shares"] - len(opens),
            }
            lines = [{name: row[name] for name in ("person", "amount_fen", "sequence")} for row in opens]
            self.rows["cache_view"] += [known | row for row in (body, *lines)]

    def show(self) -> None:
        """What lists and details say, which is what the orders say."""
        self.rows["user_lists"] = [
            *(_line(row, "sent", row["sender"], row["total_fen"], row["paid_us"]) for row in self._paid()),
            *(_line(row, "received", row["person"], row["amount_fen"], row["opened_us"]) for row in self.rows["opens"]),
        ]
        known = ("packet", "person", "state", "amount_fen", "sequence", "tag")
        self.rows["cache_view"] = [
            {"store": "http", "view": "details", **{name: row[name] for name in known if name in row}}
            for table in ("packets", "opens")
            for row in self.rows[table]
        ]

    def _paid(self) -> list[Row]:
        return [row for row in self.rows["packets"] if row["state"] != "void"]

    def balance(self) -> None:
        """Make the accounts what the postings say."""
        sums: dict[tuple[Any, ...], int] = {}
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


def _paid_packet(packet: str, order: Row, now_us: int) -> Row:
    return {
        "store": "south_0",
        "home": "south_0",
        "packet": packet,
        **{name: order[name] for name in ("sender", "kind", "total_fen", "shares")},
        "state": "paid",
        "paid_us": now_us,
        "expires_us": now_us + order["lifetime_us"],
        "tag": order["tag"],
    }


def _sample(packet: Row) -> Row:
    """Opens come one after another."""
    at = {"store": "ops_0", "process": "api-1", "packet": packet["packet"]}
    return at | {"inside": 1, "cap": 256, "at_us": packet["paid_us"]}


def _line(row: Row, box: str, person: str, amount_fen: int, at_us: int) -> Row:
    """A line of somebody's list about the packet of `row`."""
    known = {"packet": row["packet"], "amount_fen": amount_fen, "at_us": at_us, "tag": row["tag"]}
    return {"store": "lists_0", "person": person, "box": box, **known}


def _place(row: Row, table: str, subject: str) -> Row:
    return {
        "store": row["store"],
        "place": f"shadow_{table}" if row["tag"] else table,
        "shadow": row["tag"],
        "subject": row[subject],
        "person": row.get("person", row.get("sender")),
        "tag": row["tag"],
    }


def _home(account: str) -> str:
    """The ledger an account stands in."""
    return LEDGERS[sum(account.encode()) % len(LEDGERS)]
