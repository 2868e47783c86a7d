"""The reference implementation under simulation: its own code, SQL and target file, in a scheduler's hands."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import redis
import sqlalchemy as sa

from harness.simulation.cache import fake_client, real_client
from harness.simulation.runtime import Databases, ProcessRuntime
from harness.simulation.schedule import START_NS
from harness.simulation.sql import watch
from harness.simulation.world import Options, Request, Row, Rows
from harness.target.answer import Answer
from harness.target.mapping import Target, load_target
from invariants.schema import EVIDENCE
from reference_impl import mutants, roles
from reference_impl.bootstrap import assemble, connect, create_stores
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import consuming, crediting, expiry, grab, listing, open, pay, preorders, repairing
from reference_impl.packets.cached import rows_of_cache
from reference_impl.packets.details import details
from reference_impl.packets.lists import page
from reference_impl.packets.send import SendRequest, send
from reference_impl.packets.shown import rows_of_details
from reference_impl.reconcile import backlog
from reference_impl.reconcile.run import run_all
from reference_impl.resilience import shadow
from reference_impl.settings import Settings
from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.stores.layout import ledger_tables
from reference_impl.stores.ops_tables import OPS
from reference_impl.stores.sql import Store
from reference_impl.stores.wallet_tables import wallet_tables
from reference_impl.system import System

TARGET: Final = Path(__file__).parents[2] / "reference_impl" / "target.toml"
NOTHING: Final = dict.fromkeys(("python", "sql", "cache", "data", "backend", "options", "run"), "") | {"port": "1"}
_TARGET: Final = load_target(TARGET, NOTHING)
CLAIMS: Final = _TARGET.claims
"""The invariants that the reference claims."""
_NOT_EVERYWHERE: Final = ("refund_once_after_expiry", "sold_out_is_final")
SHOWN: Final = tuple(name for name in CLAIMS if name not in _NOT_EVERYWHERE)
"""Those that any world shows in which packets are sent and opened."""
DAYS: Final = (1, 2)
"""The schedule's day and the next: the day tables a simulated deployment has."""
DRAINS: Final = 6
"""Passes after which what is still under way will stay so."""
_FILLS: Final = re.compile(r"\bINTO\s+(\w+)")
"""The table that a statement puts rows into."""
_NUMBERED: Final = {
    table.name
    for table in (*ledger_tables(False), *ledger_tables(True), *wallet_tables(False), *wallet_tables(True), *OPS)
    if table.autoincrement_column is not None
}
"""Tables that number their rows themselves."""


class Reference:
    """A deployment of the reference, whose schedules begin at `starts_ns`. `changes`: settings of this world."""

    target = _TARGET
    """Whose queries are the evidence."""

    def __init__(self, options: Options, starts_ns: int = START_NS, **changes: Any) -> None:
        self.starts_ns = starts_ns
        if options.mutant:
            mutants.plant_bug(options.mutant)  # in fair weather: harsh weather is what faults are for
        logging.getLogger("reference_impl").setLevel(logging.CRITICAL + 1)  # what befalls it, it need not report
        embedded = options.backend == "embedded"
        self.serves: Mapping[str, Callable[[System, Request], Answer]] = _SERVES
        self.settings = Settings(
            sql=options.sql or f"sqlite:///{options.folder}",
            cache="embedded" if embedded else options.cache,
            data=options.folder,
            order_shards=1,
            activity="",
            day_tables=DAYS,
            hot_days=1,
            cools=False,
            compares=False,
            sweep_every_s=0.05,
            rest_ms=0,
        )
        self.settings = msgspec.structs.replace(self.settings, **changes)
        create_stores(self.settings)
        self.stores = connect(self.settings, Databases())
        self.cache: redis.Redis = fake_client() if embedded else real_client(options.cache)
        self._booted: list[System] = []
        self._drained: System | None = None
        self._evidence = {store: _queries(self.target, store) for store in self.stores.all}
        self._sent = {store: [_watched(engine) for engine in set(store.engines)] for store in self.stores.all}

    # --- a schedule's beginning ---------------------------------------------------------------------------------------

    def reset(self) -> None:
        for store, sent in self._sent.items():
            filled = {table for texts in sent for text in texts for table in _FILLS.findall(text)}
            if filled:
                _empty(store, sorted(filled))
            for texts in sent:
                texts.clear()
        self.cache.flushall()
        self._booted.clear()
        self._drained = None

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        system = assemble(self.settings, runtime, self.stores, self.cache, process)
        self._booted.append(system)
        return system

    def loops(self, process: str, service: System) -> Mapping[str, Callable[[], None]]:
        """`credit-…` processes credit, `lists-…` write lists, `repair-…` repair the cache, `sweep-…` refund and
        reconcile."""
        role = process.partition("-")[0]
        return {"loop": partial(roles.WORK[role], service, process)}

    # --- requests -----------------------------------------------------------------------------------------------------

    def serve(self, service: System, request: Request) -> Answer:
        try:
            return self.answer(service, request)
        except Refused as refused:
            outcome = "fail" if refused.kind.definite else "info"
            return Answer(outcome, refused.code)  # type: ignore[arg-type]
        except (sa.exc.SQLAlchemyError, CacheError):
            return Answer("info", "unavailable")
        except Exception as error:  # noqa: BLE001 as the API does: a fault of ours, and it may have happened
            return Answer("info", f"internal: {type(error).__name__}: {error}")

    def answer(self, service: System, request: Request) -> Answer:
        """What the use case says; refusals and errors are raised."""
        return self.serves[request.operation](service, request)

    # --- a schedule's end ---------------------------------------------------------------------------------------------

    def drain(self, runtime: ProcessRuntime) -> int:
        for booted in self._booted:
            booted.samples.write()
        system = self._drained = self.boot("drain", runtime)
        until_us = runtime.now_us() + 1
        for tagged in system.sides():
            stream.create_groups(self.cache, tagged)
        for _ in range(DRAINS):
            with suppress(Exception):  # as the sweeper does; what is not finished then is under way
                self.finish(system, until_us)
            pending = backlog.pending(system)
            if not pending:
                break
        return pending

    def finish(self, system: System, until_us: int) -> None:
        """One pass of everything that finishes what is under way."""
        for job in (crediting.JOB, listing.JOB, repairing.JOB):
            consuming.run_once(system, job, "drain")
            consuming.take_over(system, job, "drain")
        expiry.sweep(system)
        preorders.sweep(system)
        run_all(system, 0, until_us)

    def evidence(self) -> Rows:
        found: dict[str, list[Row]] = {}
        for store, queries in self._evidence.items():
            for table, rows in store.read(partial(_look, queries=queries)):
                found.setdefault(table, []).extend(rows)
        found["cache_view"] = [msgspec.structs.astuple(row) for row in rows_of_cache(self.cache)]
        pages = (
            [] if self._drained is None else rows_of_details(self._drained)
        )  # which fill the cache, once it was seen
        found["cache_view"] += [_canonical("cache_view", row) for row in pages]
        keys = (msgspec.structs.astuple(row) for row in shadow.rows_of_keys(self.cache))
        found.setdefault("shadow_rows", []).extend(keys)
        return found

    def close(self) -> None:
        self.stores.close()
        self.cache.close()


def _canonical(table: str, row: msgspec.Struct) -> Row:
    """A struct as a row with the canonical columns in their order; those that it has not are NULL."""
    return tuple(getattr(row, column, None) for column in EVIDENCE[table])


def _fund(system: System, request: Request) -> Answer:
    system.ledger.fund(request.person, request.values["amount_fen"], request.key, request.tagged)
    return Answer("ok")


def _send(system: System, request: Request) -> Answer:
    wanted = SendRequest(sender=request.person, **request.values)
    return Answer("ok", subject=send(system, wanted, request.key, request.tagged).packet)


def _pay(system: System, request: Request) -> Answer:
    return Answer("ok", amount_fen=pay.pay(system, parse_packet_id(request.subject or ""), request.person).total_fen)


def _grab(system: System, request: Request) -> Answer:
    grab.grab(system, parse_packet_id(request.subject or ""), request.person)
    return Answer("ok")


def _open(system: System, request: Request) -> Answer:
    voucher = open.open_packet(system, parse_packet_id(request.subject or ""), request.person, request.key)
    return Answer("ok", amount_fen=voucher.amount_fen, sequence=voucher.sequence, remaining_fen=voucher.remaining_fen)


def _details(system: System, request: Request) -> Answer:
    details(system, parse_packet_id(request.subject or ""))
    return Answer("ok")


def _list(box: str, system: System, request: Request) -> Answer:
    page(system, request.person, box, None, request.tagged)
    return Answer("ok")


def _control(system: System, request: Request) -> Answer:
    """An operator sets a switch or dial, which this process knows at once."""
    system.controls.set(request.values["name"], request.values["value"], f"operator-{request.person}")
    return Answer("ok")


def _balance(system: System, request: Request) -> Answer:
    return Answer("ok", balance_fen=system.ledger.balance_fen(request.person, request.tagged))


_SERVES: Final[Mapping[str, Callable[[System, Request], Answer]]] = {
    "fund": _fund,
    "send": _send,
    "pay": _pay,
    "grab": _grab,
    "open": _open,
    "details": _details,
    "balance": _balance,
    "sent": partial(_list, "sent"),
    "received": partial(_list, "received"),
    "control": _control,
}


def _watched(engine: sa.Engine) -> set[str]:
    """The statements sent from now on; what an engine asks a server when it first connects is behind it."""
    engine.connect().close()
    return watch(engine)


def _empty(store: Store, tables: Sequence[str]) -> None:
    """Delete every row. Where a table numbers its rows itself, it begins with 1 again."""
    with store.engines[1].begin() as connection:
        for table in tables:
            connection.exec_driver_sql(f"DELETE FROM {table}")
            if not store.sqlite and table in _NUMBERED:
                connection.exec_driver_sql(f"ALTER TABLE {table} AUTO_INCREMENT = 1")


Look = tuple[str, str, Callable[[Row], Row]]
"""A canonical table, a query of the target file, and what makes a row of one a row of the other."""


def _look(connection: sa.Connection, queries: Sequence[Look]) -> list[tuple[str, list[Row]]]:
    return [(table, [place(row) for row in connection.exec_driver_sql(sql)]) for table, sql, place in queries]


def _queries(target: Target, store: Store) -> list[Look]:
    return [
        (table, query.sql, _placing(store, table, query.sql))
        for table, queries in target.evidence.sources.items()
        for query in queries
        if query.sql and any(fnmatch(store.name, pattern) for pattern in query.stores)
    ]


def _placing(store: Store, table: str, sql: str) -> Callable[[Row], Row]:
    """A row of a query in the order of the canonical columns; what it does not give is the store's name or NULL."""
    names = [*store.read(lambda connection: list(connection.exec_driver_sql(sql).keys())), "store", ""]
    pick = itemgetter(*(names.index(column if column in names else "") for column in EVIDENCE[table]))
    return lambda row: pick((*row, store.name, None))
