"""A system and the steps that every test begins with. Tests share the stores, so each has people of its own."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from types import SimpleNamespace
from typing import Any

import msgspec
import sqlalchemy as sa
from operators import operators_set

from reference_impl.bootstrap import build
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Order, Packet, Voucher
from reference_impl.ledger import books
from reference_impl.packets import consuming, crediting, expiry, listing, pay, rows, send
from reference_impl.packets.open import open_packet
from reference_impl.packets.send import SendRequest
from reference_impl.reconcile import lists, payments, vouchers
from reference_impl.reconcile.report import Report
from reference_impl.runtime import ThreadRuntime
from reference_impl.stores import stream
from reference_impl.stores.layout import ledger_tables, order_tables, tables_of
from reference_impl.system import System

_people = itertools.count(1_000)
_keys = itertools.count(1)
FAR_US = 60_000_000


class Ending(ThreadRuntime):
    """Whoever sleeps after the end does not wake up again: no watcher outlives its test."""

    over = False

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.over:
            raise SystemExit

    def spawn(self, name: str, work: Callable[[], None]) -> None:
        def until_the_end() -> None:
            with suppress(SystemExit):
                work()

        super().spawn(name, until_the_end)


class Night:
    """One deployment, and short words for what people do in it. Amounts are fen."""

    def __init__(self, system: System) -> None:
        self.system = system

    def like(self, **changes: Any) -> "Night":
        """Another process of the same deployment, with other settings."""
        settings = msgspec.structs.replace(self.system.settings, **changes)
        return Night(build(settings, ThreadRuntime(), holder="like"))

    def blind(self, **changes: Any) -> "Night":
        """A process of the same deployment whose cache and stream are out of reach."""
        return self.like(cache="redis://127.0.0.1:1/0", **changes)

    def stopped(self, **changes: Any) -> tuple["Night", list[int]]:
        """A process of the same deployment whose limits see time stand still, and the hand that moves it."""
        other, hand_us = self.like(**changes), [1_000_000_000]
        vars(other.system.limits)["_runtime"] = SimpleNamespace(now_us=lambda: hand_us[0])
        return other, hand_us

    def controls(self, **values: int) -> AbstractContextManager[None]:
        """Operators have set this, in the eyes of this process."""
        return operators_set(self.system, values)

    # --- people ---

    def person(self) -> int:
        return next(_people)

    def in_other_shard(self, person: int) -> int:
        """A new person whose account is in another database than `person`'s."""
        return next(p for p in _people if self.system.ledger.shard(p) is not self.system.ledger.shard(person))

    def key(self) -> str:
        return f"key-{next(_keys)}"

    def rich(self, amount_fen: int = 1_000_000, tagged: bool = False) -> int:
        """A new person with money."""
        person = self.person()
        self.system.ledger.fund(person, amount_fen, self.key(), tagged)
        return person

    # --- what they do ---

    def send(
        self,
        sender: int,
        total_fen: int = 1000,
        shares: int = 5,
        *,
        kind: str = "lucky",
        key: str | None = None,
        tagged: bool = False,
        **more: Any,
    ) -> str:
        request = SendRequest(sender, kind, total_fen, shares, **more)
        return send.send(self.system, request, key or self.key(), tagged).packet

    def pay(self, packet: str, sender: int) -> Packet:
        return pay.pay(self.system, parse_packet_id(packet), sender)

    def paid(self, total_fen: int = 1000, shares: int = 5, *, tagged: bool = False, **more: Any) -> str:
        """A packet paid by a new person who had just enough."""
        sender = self.rich(total_fen, tagged)
        packet = self.send(sender, total_fen, shares, tagged=tagged, **more)
        self.pay(packet, sender)
        return packet

    def open(self, packet: str, person: int | None = None, key: str | None = None) -> Voucher:
        return open_packet(self.system, parse_packet_id(packet), person or self.person(), key or self.key())

    # --- what goes on behind ---

    def groups(self) -> None:
        for tagged in (False, True):
            stream.create_groups(self.system.cache, tagged)

    def credit(self) -> None:
        """Credit until the streams hold nothing new; lists are written by the way."""
        self.groups()
        while sum(consuming.run_once(self.system, job, "tester") for job in (crediting.JOB, listing.JOB)):
            pass

    def messages(self, name: stream.Topic = stream.CREDIT, tagged: bool = False) -> list[Any]:
        """What a stream holds, worked on or not."""
        found: Any = self.system.cache.xrange(stream.stream_name(name, tagged))
        shape = stream.Debt if name is stream.DEAD else name.shape
        return [msgspec.json.decode(fields[stream.BODY], type=shape) for _, fields in found]

    def debts(self, tagged: bool = False) -> int:
        """Messages about money that are not worked off."""
        return len(self.messages(stream.CREDIT, tagged)) + len(self.messages(stream.COMPENSATION, tagged))

    def forget_messages(self) -> None:
        """The streams lose everything."""
        for name, tagged in itertools.product((*stream.TOPICS, stream.DEAD), (False, True)):
            self.system.cache.delete(stream.stream_name(name, tagged))

    def reconcile_payments(self) -> Report:
        return payments.reconcile(self.system, 0, self.system.runtime.now_us() + FAR_US)

    def reconcile_vouchers(self) -> Report:
        return vouchers.reconcile(self.system, 0, self.system.runtime.now_us() + FAR_US)

    def reconcile_lists(self) -> Report:
        return lists.reconcile(self.system, 0, self.system.runtime.now_us() + FAR_US)

    def refund(self, packet: str) -> Voucher | None:
        return expiry.refund(self.system, parse_packet_id(packet))

    def expire(self, packet: str) -> None:
        """Let a packet's time be over since a moment."""
        at = parse_packet_id(packet)
        packets = tables_of(at).packets
        due = self.system.runtime.now_us() - 1
        change = sa.update(packets).where(packets.c.packet == packet).values(expires_us=due)
        self.store(packet).write(lambda connection: connection.execute(change))

    def pay_only_in_ledger(self, *, tagged: bool = False, **order: Any) -> Order:
        """A payment whose process dies between the ledger and the packet's row."""
        packet = self.send(self.rich(tagged=tagged), tagged=tagged, **order)
        standing = send.preordered(self.system, packet, tagged)
        assert standing
        return self.system.ledger.pay(standing, tagged)

    # --- what stands in the stores ---

    def store(self, packet: str) -> Any:
        store = self.system.order_store(parse_packet_id(packet))
        assert store
        return store

    def row(self, packet: str) -> Packet | None:
        at = parse_packet_id(packet)
        return self.store(packet).read(lambda connection: rows.read_packet(connection, at))

    def opens(self, packet: str) -> list[Voucher]:
        at = parse_packet_id(packet)
        return self.store(packet).read(lambda connection: rows.opens_of(connection, at))

    def refunds(self, packet: str) -> list[int]:
        """The amounts of a packet's refund vouchers."""
        table = tables_of(parse_packet_id(packet)).vouchers
        query = sa.select(table.c.amount_fen).where(table.c.packet == packet, table.c.kind == rows.REFUND)
        return list(self.store(packet).read(lambda connection: connection.execute(query).scalars().all()))

    def balance(self, person: int, tagged: bool = False) -> int:
        return self.system.ledger.balance_fen(person, tagged)

    def escrow(self, packet: str, sender: int | None = None) -> int:
        """What is left in a packet's escrow."""
        row = self.row(packet)
        accounts = ledger_tables(packet[1] == "1").accounts
        query = sa.select(accounts.c.balance_fen).where(accounts.c.account == books.escrow(packet).name)
        store = self.system.ledger.shard(sender or (row.sender if row else 0))
        return int(store.read(lambda connection: connection.execute(query).scalar()) or 0)

    def clearing(self) -> int:
        """The sum of all shards' clearing accounts, both sides: nothing once every leg has arrived."""
        return sum(
            int(store.read(lambda connection, query=query: connection.execute(query).scalar()) or 0)
            for store in self.system.ledger.stores
            for query in (
                sa.select(accounts.c.balance_fen).where(accounts.c.account == books.CLEARING.name)
                for accounts in (ledger_tables(tagged).accounts for tagged in (False, True))
            )
        )

    def times_credited(self, voucher: str) -> int:
        """How often a voucher's money came into a person's account."""
        return sum(
            int(store.read(lambda connection, query=query: connection.execute(query).scalar()) or 0)
            for store in self.system.ledger.stores
            for query in (
                sa.select(sa.func.count()).where(
                    tables.postings.c.entry == f"credit:{voucher}", tables.postings.c.account.like("user:%")
                )
                for tables in (ledger_tables(tagged) for tagged in (False, True))
            )
        )

    def everything(self) -> dict[str, Any]:
        """Every row of every table in use and every key of the cache, but not the counters that number packets."""
        found: dict[str, Any] = {}
        for store, table in self._tables():
            query = sa.select(table).order_by(*table.primary_key)
            found[f"{store.name}.{table.name}"] = store.read(
                lambda c, query=query: [tuple(r) for r in c.execute(query)]
            )
        for key in self.system.cache.scan_iter(count=1000):
            if "number:" not in key:
                found[key] = self._value(key)
        return found

    def _value(self, key: str) -> Any:
        cache: Any = self.system.cache
        kind = cache.type(key)
        return cache.xrange(key) if kind == "stream" else cache.hgetall(key) if kind == "hash" else cache.get(key)

    def _tables(self) -> Iterator[tuple[Any, sa.Table]]:
        today = self.system.runtime.today().day
        for (_, shard), store in self.system.orders.items():
            yield from ((store, table) for tagged in (False, True) for table in order_tables(shard, today, tagged))
        for store in self.system.ledger.stores:
            yield from ((store, table) for tagged in (False, True) for table in ledger_tables(tagged)[:-1])


def together(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all at once, each in a thread of its own; what each returned or raised, in order."""
    gate = threading.Barrier(len(work))

    def start(one: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return one()
        except Exception as error:  # noqa: BLE001 the test looks at every one
            return error

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(start, work))
