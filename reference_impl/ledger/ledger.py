"""What the system asks of the ledger: fund, pay, credit, give back; each takes effect once under its key."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.packet import REFUND_SEQUENCE, Order, Packet, Voucher
from reference_impl.ledger import books
from reference_impl.stores.layout import LedgerTables, ledger_tables
from reference_impl.stores.sql import Store, between, insert_into

T = TypeVar("T")
RACES: Final = 3
"""How often a transaction that lost its key to a concurrent one looks again."""


def credit_key(voucher: str) -> str:
    """The one key under which a voucher's money moves, whoever credits it (Money rule 6)."""
    return f"credit:{voucher}"


def fund_key(person: int, client_key: str) -> str:
    """A client's key is its person's own, as at send, pay and open (W22): another's is another key."""
    return f"fund:{person}:{client_key}"


def pay_key(packet: str) -> str:
    return f"pay:{packet}"


def return_key(packet: str) -> str:
    return f"return:{packet}"


class Ledger:
    def __init__(self, stores: Sequence[Store]) -> None:
        self.stores = list(stores)

    def shard(self, person: int) -> Store:
        """The shard of a person's account, and of the escrow of the packets they pay."""
        return self.stores[person % len(self.stores)]

    def new_epoch(self, holder: str, tagged: bool) -> int:
        """A number that was never given before and never will be again (Money rule 3)."""
        epochs = ledger_tables(tagged).epochs

        def work(connection: sa.Connection) -> int:
            made = connection.execute(insert_into(epochs), {"holder": holder})
            return int(made.lastrowid)

        return self.stores[0].write(work)

    def fund(self, person: int, amount_fen: int, client_key: str, tagged: bool) -> None:
        """Bring money in. Raises Refused("key_bound") where the person's key brought in another amount."""
        key = fund_key(person, client_key)
        body = msgspec.json.encode({"person": person, "amount_fen": amount_fen}).decode()
        entry = books.transfer(key, "fund", None, books.WORLD, books.user(person), amount_fen, body)

        def work(connection: sa.Connection, store: Store, tables: LedgerTables) -> None:
            standing = books.standing_entries(connection, tables, [key])
            if not standing:
                books.post(connection, store, tables, [entry], store.now_us(connection))
            elif standing[key] != body:
                raise Refused("key_bound", client_key)

        self.write_in(self.shard(person), tagged, work)

    def pay(self, order: Order, tagged: bool) -> Order:
        """Move the sender's money to the packet's escrow, once; the order with the moments it was paid and expires.

        The sender's client key is bound to the packet in the same transaction (Money rule 2), and the entry carries the
        whole order, from which the packet's row can be rebuilt (Money rule 1).
        Raises Refused: insufficient_funds, key_bound.
        """
        key = pay_key(order.packet)

        def work(connection: sa.Connection, store: Store, tables: LedgerTables) -> Order:
            standing = books.standing_entries(connection, tables, [key])
            if standing:
                return msgspec.json.decode(standing[key], type=Order)
            now_us = store.now_us(connection)
            paid = msgspec.structs.replace(order, paid_us=now_us, expires_us=now_us + order.lifetime_us)
            _bind_key(connection, tables, order)
            body = msgspec.json.encode(paid).decode()
            money = books.transfer(
                key,
                "pay",
                order.packet,
                books.user(order.sender),
                books.escrow(order.packet),
                order.total_fen,
                body,
            )
            books.post(connection, store, tables, [money], now_us)
            return paid

        try:
            return self.write_in(self.shard(order.sender), tagged, work)
        except books.Overdrawn:
            raise Refused("insufficient_funds") from None

    def bind_key(self, sender: int, client_key: str, packet: str, tagged: bool) -> str:
        """The packet a sender's client key is bound to: from now on this one, where it had none (Money rule 2)."""

        def work(connection: sa.Connection, _store: Store, tables: LedgerTables) -> str:
            mine = {"sender": sender, "client_key": client_key}
            bound = connection.execute(_bound(tables.client_keys), mine).scalar()
            if bound is None:
                connection.execute(insert_into(tables.client_keys), {**mine, "packet": packet})
            return str(bound or packet)

        return self.write_in(self.shard(sender), tagged, work)

    def bound_packet(self, sender: int, client_key: str, tagged: bool) -> str | None:
        """The packet a sender's client key is bound to, if it is."""
        bound, mine = _bound(ledger_tables(tagged).client_keys), {"sender": sender, "client_key": client_key}
        packet = self.shard(sender).read(lambda connection: connection.execute(bound, mine).scalar())
        return str(packet) if packet else None

    def paid_order(self, packet: str, sender: int, tagged: bool) -> Order | None:
        """The order a pay entry carries, if the packet was paid."""
        tables = ledger_tables(tagged)
        key = pay_key(packet)
        standing = self.shard(sender).read(lambda c: books.standing_entries(c, tables, [key]))
        return msgspec.json.decode(standing[key], type=Order) if standing else None

    def paid_since(self, store: Store, since_us: int, until_us: int) -> list[Order]:
        """The orders of one shard's pay entries between two moments of its clock, live and tagged."""
        between = {"since_us": since_us, "until_us": until_us}
        bodies = store.read(lambda c: c.execute(_paid(), between).scalars().all())
        return [msgspec.json.decode(body, type=Order) for body in bodies]

    def give_back(self, order: Order, tagged: bool) -> None:
        """Return a payment whose packet can never come to be: only after its tombstone stands (Money rule 1)."""
        key = return_key(order.packet)
        entry = books.transfer(
            key, "return", order.packet, books.escrow(order.packet), books.user(order.sender), order.total_fen
        )

        def work(connection: sa.Connection, store: Store, tables: LedgerTables) -> None:
            if not books.standing_entries(connection, tables, [key]):
                books.post(connection, store, tables, [entry], store.now_us(connection))

        self.write_in(self.shard(order.sender), tagged, work)

    def is_given_back(self, order: Order | Packet, tagged: bool) -> bool:
        tables, key = ledger_tables(tagged), return_key(order.packet)
        return bool(self.shard(order.sender).read(lambda c: books.standing_entries(c, tables, [key])))

    def credit(self, sender: int, vouchers: Sequence[Voucher], tagged: bool) -> int:
        """Move vouchers' money from escrow to their people, each once however often this is called (W06); how many
        arrived.

        Where a person's account is in another shard the money crosses by way of the clearing accounts: first it leaves
        escrow, then it arrives; either leg may be repeated.
        """
        home = self.shard(sender)
        left = self._credit_leg(home, tagged, vouchers, lambda v: _leaving(v, self.shard(v.person) is home))
        arrived = sum(self.shard(voucher.person) is home for voucher in left)
        for store, arriving in _by_shard(self, vouchers):
            if store is not home:
                arrived += len(self._credit_leg(store, tagged, arriving, _arriving))
        return arrived

    def credited(self, vouchers: Iterable[Voucher], tagged: bool) -> set[str]:
        """Those of the vouchers whose money has arrived, by id."""
        tables = ledger_tables(tagged)
        arrived: set[str] = set()
        for store, owed in _by_shard(self, vouchers):
            keys = {credit_key(v.voucher): v.voucher for v in owed}
            standing = store.read(lambda c, keys=keys: books.standing_entries(c, tables, keys))  # type: ignore[misc]
            arrived.update(keys[key] for key in standing)
        return arrived

    def balance_fen(self, person: int, tagged: bool) -> int:
        balance, name = _balance(ledger_tables(tagged).accounts), books.user(person).name
        return int(self.shard(person).read(lambda c: c.execute(balance, {"name": name}).scalar()) or 0)

    def _credit_leg(
        self, store: Store, tagged: bool, vouchers: Sequence[Voucher], make: Callable[[Voucher], books.Entry]
    ) -> list[Voucher]:
        """Those of the vouchers whose leg was not posted before."""

        def work(connection: sa.Connection, store: Store, tables: LedgerTables) -> list[Voucher]:
            entries = {credit_key(v.voucher): v for v in vouchers}
            standing = books.standing_entries(connection, tables, entries)
            new = [voucher for key, voucher in entries.items() if key not in standing]
            if new:
                books.post(connection, store, tables, [make(voucher) for voucher in new], store.now_us(connection))
            return new

        return self.write_in(store, tagged, work)

    def write_in(self, store: Store, tagged: bool, work: Callable[[sa.Connection, Store, LedgerTables], T]) -> T:
        """Run `work` in a transaction; where a concurrent one was first, look again at what it did."""
        tables = ledger_tables(tagged)
        for race in range(1, RACES + 1):
            try:
                return store.write(lambda connection: work(connection, store, tables))
            except (sa.exc.IntegrityError, books.Overdrawn):
                if race == RACES:
                    raise
        raise AssertionError("unreachable")


def _bind_key(connection: sa.Connection, tables: LedgerTables, order: Order) -> None:
    keys = tables.client_keys
    mine = {"sender": order.sender, "client_key": order.client_key}
    bound = connection.execute(_bound(keys), mine).scalar()
    if bound is not None and bound != order.packet:
        raise Refused("key_bound", f"to packet {bound}")
    if bound is None:
        connection.execute(insert_into(keys), {**mine, "packet": order.packet})


def _kind(voucher: Voucher) -> str:
    return "refund" if voucher.sequence == REFUND_SEQUENCE else "credit"


def _leaving(voucher: Voucher, same_shard: bool) -> books.Entry:
    target = books.user(voucher.person) if same_shard else books.CLEARING
    return _credit_entry(voucher, books.escrow(voucher.packet), target)


def _arriving(voucher: Voucher) -> books.Entry:
    return _credit_entry(voucher, books.CLEARING, books.user(voucher.person))


def _credit_entry(voucher: Voucher, source: books.Account, target: books.Account) -> books.Entry:
    return books.transfer(
        credit_key(voucher.voucher), _kind(voucher), voucher.voucher, source, target, voucher.amount_fen
    )


def _by_shard(ledger: Ledger, vouchers: Iterable[Voucher]) -> list[tuple[Store, list[Voucher]]]:
    groups: dict[str, list[Voucher]] = defaultdict(list)
    for voucher in vouchers:
        groups[ledger.shard(voucher.person).name].append(voucher)
    return [(store, groups[store.name]) for store in ledger.stores if store.name in groups]


# Statements are built once a table: building one costs more than sending it.


@cache
def _paid() -> sa.CompoundSelect[Any]:
    return sa.union_all(
        *(
            sa.select(c.body).where(c.kind == "pay", between(c.posted_us))
            for c in (ledger_tables(tagged).entries.c for tagged in (False, True))
        )
    )


@cache
def _balance(accounts: sa.Table) -> sa.Select[Any]:
    return sa.select(accounts.c.balance_fen).where(accounts.c.account == sa.bindparam("name"))


@cache
def _bound(keys: sa.Table) -> sa.Select[Any]:
    return sa.select(keys.c.packet).where(
        keys.c.sender == sa.bindparam("sender"), keys.c.client_key == sa.bindparam("client_key")
    )
