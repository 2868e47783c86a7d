"""A whole night, generated as a run would have left it: history and evidence in Parquet, violations planted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow.parquet as pq

from harness.bench import night_facts, night_tables, planted
from harness.bench.night_facts import Columns, Intents
from harness.history.files import HistoryFiles
from harness.history.read import SCHEMA
from harness.parquet import writing
from harness.target.coerce import arrow_schema
from invariants.schema import EVIDENCE

Facts = dict[str, Columns]

_AT_ONCE: Final = 2_000_000  # operations made in memory
_OPERATIONS_A_PERSON: Final = 8
_ROWS_A_PARTITION: Final = 1_000_000
_ROWS_A_BATCH: Final = 1 << 16  # of history, as journals are collected
_ROWS_A_GROUP: Final = 20_000  # as evidence is collected


def generate(folder: Path, operations: int, seed: int, each: int) -> dict[str, int]:
    """Write a night of exactly so many `operations` to `folder`/history and `folder`/evidence; table → rows.

    `each`: violations planted for each invariant (`planted.PLANTS`). ValueError: too few operations for them.
    """
    with _Files(folder, operations) as files:
        for piece, facts in enumerate(_pieces(operations, files.rows, seed, each)):
            with night_tables.tables(facts, files.rows) as connection:
                if not piece:
                    _plant(connection, each, last=False)
                files.write(connection, *night_tables.MADE)
        with night_tables.accounts(files.finished("postings")) as connection:
            _plant(connection, each, last=True)
            files.write(connection, "accounts", "shadow_rows")
    return dict(files.rows)


def _pieces(operations: int, written: Mapping[str, int], seed: int, each: int) -> Iterator[Facts]:
    """The facts of the night piece by piece until so many operations are written, first what is planted in."""
    chance = np.random.default_rng(seed)
    people = 1 << (operations // _OPERATIONS_A_PERSON).bit_length() - 1
    intents = Intents()
    packets = planted.packets(each, people, chance)
    takes = night_facts.takes(packets, people, chance)
    planted.mislead(packets, takes)
    sent = night_facts.operations(packets, takes, people, intents, chance, mishaps=0.0)
    if len(sent["packet"]) > operations // 2:
        raise ValueError(f"{operations} operations are too few for {each} violations of each invariant")
    yield _facts(packets, takes, sent)
    first = len(packets["packet"])
    while quota := min(_AT_ONCE, operations - written["history"]):
        packets = night_facts.packets(first, quota, people, chance)
        takes = night_facts.takes(packets, people, chance)
        sent = night_facts.operations(packets, takes, people, intents, chance, fill=quota)
        first += len(packets["packet"])
        yield _facts(packets, takes, sent)


def _facts(packets: Columns, takes: Columns, sent: Columns) -> Facts:
    """What the tables are made from."""
    taken_fen = np.zeros_like(packets["total_fen"])
    np.add.at(taken_fen, takes["row"], takes["amount_fen"])
    return {"packet_facts": {**packets, "taken_fen": taken_fen}, "take_facts": takes, "operation_facts": sent}


def _plant(connection: duckdb.DuckDBPyConnection, each: int, last: bool) -> None:
    """Break the tables as the plants say."""
    names = [(packet, name) for name, packets in planted.packet_ids(each).items() for packet in packets]
    connection.execute("CREATE TABLE planted (packet VARCHAR, invariant VARCHAR)")
    if names:
        connection.executemany("INSERT INTO planted VALUES (?, ?)", names)
    for statement in planted.statements(last):
        connection.execute(statement)


class _Files:
    """The files of a night, open while it is written piece by piece; `rows` counts what was written."""

    def __init__(self, folder: Path, operations: int) -> None:
        self.rows: Counter[str] = Counter()
        self._evidence = folder / "evidence"
        partitions = 1 << max(0, -(-operations // _ROWS_A_PARTITION) - 1).bit_length()
        self._history = HistoryFiles(folder / "history" / "parquet", partitions)
        self._stack = ExitStack()
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> "_Files":
        self._evidence.mkdir(parents=True)
        self._stack.enter_context(self._history)
        for table, columns in EVIDENCE.items():
            path = self._evidence / f"{table}.parquet"
            schema = arrow_schema(columns)
            writer = pq.ParquetWriter(path, schema, **writing(schema))
            self._writers[table] = self._stack.enter_context(writer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, connection: duckdb.DuckDBPyConnection, *tables: str) -> None:
        """Append what stands in these tables of the database."""
        for table in tables:
            columns = ", ".join(f'"{name}"' for name in (SCHEMA.names if table == "history" else EVIDENCE[table]))
            rows = connection.sql(f"SELECT {columns} FROM {table}").to_arrow_table()
            if table == "history":
                for batch in rows.cast(SCHEMA).combine_chunks().to_batches(_ROWS_A_BATCH):
                    self._history.add(batch)
            else:
                self._writers[table].write_table(rows.cast(arrow_schema(EVIDENCE[table])), _ROWS_A_GROUP)
            self.rows[table] += len(rows)

    def finished(self, table: str) -> Path:
        """The file of a table to which nothing more is to be added."""
        self._writers[table].close()
        return self._evidence / f"{table}.parquet"
