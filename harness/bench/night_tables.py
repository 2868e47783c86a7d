"""The canonical tables of a generated night, in SQL, from its facts in numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from harness.bench.night_facts import (
    CLOCK_ERROR_NS,
    LIFETIME_NS,
    NOTHING,
    OPERATIONS,
    OUTCOMES,
    REASONS,
    STATES,
    WORKERS,
    Columns,
)

_MACROS: Final = f"""
CREATE MACRO packet_id(n) AS printf('%d1020261122%d%015d', 1 + n % 2, n // 2 % 2, n);
CREATE MACRO packet_store(n) AS CASE n % 2 WHEN 0 THEN 'south_' ELSE 'north_' END || (n // 2 % 2);
CREATE MACRO packet_ledger(n) AS 'ledger_' || (n // 2 % 2);
CREATE MACRO person_ledger(n) AS 'ledger_' || (n % 2);
CREATE MACRO worker_of(person) AS 'w' || (person % {WORKERS}) || '.1.23655';
CREATE MACRO key_of(person, intent) AS '2026-11-22T19-55-48.404Z-' || worker_of(person) || '-' || intent;
CREATE MACRO place(name, tag) AS CASE WHEN tag THEN 'shadow_' || name ELSE name END;
CREATE MACRO known(value) AS NULLIF(value, {NOTHING});
"""

_HISTORY: Final = f"""
SELECT
    worker_of(person) AS worker,
    (SELECT sent FROM already) + ROW_NUMBER() OVER () AS number,
    CAST(person AS VARCHAR) AS person,
    {list(OPERATIONS)}[operation + 1] AS operation,
    packet_id(known(packet)) AS subject,
    key_of(person, known(intent)) AS "key",
    known(amount_fen) AS amount_fen,
    sent_ns - sent_ns % 100000 AS intended_ns,
    sent_ns,
    known(done_ns) AS done_ns,
    {list(OUTCOMES)}[outcome + 1] AS outcome,
    {list(REASONS)}[known(reason) + 1] AS reason,
    known(sequence) AS sequence,
    known(remaining_fen) AS remaining_fen,
    tag = 1 AS tag,
    {CLOCK_ERROR_NS} AS clock_error_ns,
    CASE WHEN done_ns <> {NOTHING} THEN 'api-23647' END AS reader,
    NULL AS mark,
    NULL AS orders,
    CASE WHEN operation = {OPERATIONS.index("balance")} THEN person % 1000 END AS balance_fen,
    NULL AS income_fen,
    NULL AS stage
FROM operation_facts
"""

_PACKETS: Final = f"""
SELECT
    packet_store(packet) AS store,
    packet_store(packet) AS home,
    packet_id(packet) AS packet,
    CAST(sender AS VARCHAR) AS sender,
    CASE WHEN equal = 1 THEN 'equal' ELSE 'lucky' END AS kind,
    total_fen,
    shares,
    {list(STATES)}["end" + 1] AS state,
    paid_ns // 1000 AS paid_us,
    paid_ns // 1000 + {LIFETIME_NS // 1_000} AS expires_us,
    tag = 1 AS tag
FROM packet_facts
"""

_OPENS: Final = """
SELECT
    packet_store(packet) AS store,
    packet_store(packet) AS home,
    packet_id(packet) AS packet,
    CAST(person AS VARCHAR) AS person,
    sequence,
    amount_fen,
    remaining_fen,
    at_ns // 1000 AS opened_us,
    packet_id(packet) || '-' || sequence AS voucher,
    key_of(person, intent) AS "key",
    tag = 1 AS tag
FROM take_facts
"""

_REFUNDS: Final = f"""
SELECT
    packet_store(packet) AS store,
    packet_store(packet) AS home,
    packet_id(packet) AS packet,
    CAST(sender AS VARCHAR) AS person,
    total_fen - taken_fen AS amount_fen,
    paid_ns // 1000 + {LIFETIME_NS // 1_000 + 1_000_000} AS refunded_us,
    packet_id(packet) || '-0' AS voucher,
    tag = 1 AS tag
FROM packet_facts
WHERE "end" = {STATES.index("refunded")}
"""

# An entry moves money from one account to another; between two ledgers by way of their clearing accounts.
_MOVES: Final = f"""
SELECT
    'fund:' || sender || ':' || key_of(sender, fund_intent) AS entry, 'fund' AS kind, NULL AS subject, tag,
    total_fen AS amount_fen,
    person_ledger(sender) AS from_store, 'world' AS from_account, 'world' AS from_kind,
    person_ledger(sender) AS to_store, 'user:' || sender AS to_account, 'user' AS to_kind,
    paid_ns // 1000 - 30000 AS posted_us
FROM packet_facts
UNION ALL
SELECT
    'pay:' || packet_id(packet), 'pay', packet_id(packet), tag, total_fen,
    person_ledger(sender), 'user:' || sender, 'user',
    packet_ledger(packet), 'escrow:' || packet_id(packet), 'escrow',
    paid_ns // 1000
FROM packet_facts
UNION ALL
SELECT
    'credit:' || packet_id(packet) || '-' || sequence, 'credit', packet_id(packet) || '-' || sequence, tag, amount_fen,
    packet_ledger(packet), 'escrow:' || packet_id(packet), 'escrow',
    person_ledger(credited), 'user:' || credited, 'user',
    at_ns // 1000 + 4000
FROM take_facts
UNION ALL
SELECT
    'credit:' || packet_id(packet) || '-0', 'refund', packet_id(packet) || '-0', tag, total_fen - taken_fen,
    packet_ledger(packet), 'escrow:' || packet_id(packet), 'escrow',
    person_ledger(sender), 'user:' || sender, 'user',
    paid_ns // 1000 + {LIFETIME_NS // 1_000 + 1_004_000}
FROM packet_facts
WHERE "end" = {STATES.index("refunded")}
"""

_POSTINGS: Final = """
WITH lines AS (
    SELECT from_store AS store, 1 AS line, entry, kind, subject, from_account AS account, from_kind AS account_kind,
        -amount_fen AS amount_fen, posted_us, tag
    FROM moves
    UNION ALL
    SELECT from_store, 2, entry, kind, subject, 'clearing', 'clearing', amount_fen, posted_us, tag
    FROM moves WHERE from_store <> to_store
    UNION ALL
    SELECT to_store, 3, entry, kind, subject, 'clearing', 'clearing', -amount_fen, posted_us, tag
    FROM moves WHERE from_store <> to_store
    UNION ALL
    SELECT to_store, 4, entry, kind, subject, to_account, to_kind, amount_fen, posted_us, tag
    FROM moves
)
SELECT
    store,
    (SELECT posted FROM already) + ROW_NUMBER() OVER (PARTITION BY store ORDER BY posted_us, entry, line) AS number,
    entry, kind, subject, account, account_kind, amount_fen, posted_us, tag = 1 AS tag
FROM lines
"""

_SHADOW_ROWS: Final = """
SELECT store, place('packets_' || store[-1] || '_22', tag) AS place, tag AS shadow, packet AS subject, sender AS person,
    tag
FROM packets
UNION ALL
SELECT store, place('vouchers_' || store[-1] || '_22', tag), tag, packet, person, tag FROM opens
UNION ALL
SELECT store, place('vouchers_' || store[-1] || '_22', tag), tag, packet, person, tag FROM refunds
UNION ALL
SELECT from_store, place('entries', tag = 1), tag = 1, subject, NULL, CASE WHEN subject IS NOT NULL THEN tag = 1 END
FROM moves
UNION ALL
SELECT to_store, place('entries', tag = 1), tag = 1, subject, NULL, CASE WHEN subject IS NOT NULL THEN tag = 1 END
FROM moves WHERE from_store <> to_store
UNION ALL
SELECT person_ledger(sender), place('client_keys', tag = 1), tag = 1, packet_id(packet), sender, tag = 1
FROM packet_facts
UNION ALL
SELECT 'cache', place('packet:' || packet, tag), tag, packet, NULL, tag FROM packets
UNION ALL
SELECT 'cache', place('preorder:' || packet, tag), tag, packet, NULL, tag FROM packets
UNION ALL
SELECT 'cache', place('send:' || sender || ':' || key_of(sender, send_intent), tag = 1), tag = 1, NULL, sender, NULL
FROM packet_facts
"""

_ACCOUNTS: Final = """
SELECT
    store,
    account,
    account_kind AS kind,
    CASE account_kind WHEN 'user' THEN account[6:] END AS person,
    CASE account_kind WHEN 'escrow' THEN account[8:] END AS packet,
    CAST(SUM(amount_fen) AS BIGINT) AS balance_fen,
    tag
FROM postings
GROUP BY store, account, account_kind, tag
"""

_SAMPLES: Final = """
SELECT 'ops_0' AS store, 'api-23647' AS process, packet_id(packet) AS packet,
    1 + packet % 256 AS inside, 256 AS cap, paid_ns // 1000 AS at_us
FROM packet_facts
"""

_USER_LISTS: Final = """
SELECT 'lists_0' AS store, sender AS person, 'sent' AS box, packet, total_fen AS amount_fen, paid_us AS at_us, tag
FROM packets
UNION ALL
SELECT 'lists_0', person, 'received', packet, amount_fen, opened_us, tag FROM opens
"""

_CACHE_VIEW: Final = f"""
SELECT 'http' AS store, 'details' AS "view", packet, NULL AS person, state, NULL AS amount_fen, NULL AS sequence,
    NULL AS remaining_fen, NULL AS remaining_shares, tag
FROM packets
UNION ALL
SELECT 'http', 'details', packet, person, NULL, amount_fen, sequence, NULL, NULL, tag FROM opens
UNION ALL
SELECT 'cache', 'cache', packet_id(packet), NULL, {list(STATES)}["end" + 1], NULL, NULL,
    CASE WHEN "end" = {STATES.index("refunded")} THEN 0 ELSE total_fen - taken_fen END,
    CASE WHEN "end" = {STATES.index("refunded")} THEN 0 ELSE shares - taken END, tag = 1
FROM packet_facts
UNION ALL
SELECT 'cache', 'cache', packet, person, NULL, amount_fen, sequence, NULL, NULL, tag FROM opens
"""

_SHADOW_ACCOUNTS: Final = """
SELECT store, place('accounts', tag) AS place, tag AS shadow, packet AS subject, person,
    CASE WHEN packet IS NOT NULL THEN tag END AS tag
FROM accounts
"""

_FACTS: Final = ("packet_facts", "take_facts", "operation_facts")
_IN_TURN: Final = {
    "history": _HISTORY,
    "packets": _PACKETS,
    "opens": _OPENS,
    "refunds": _REFUNDS,
    "moves": _MOVES,
    "postings": _POSTINGS,
    "shadow_rows": _SHADOW_ROWS,
    "samples": _SAMPLES,
    "user_lists": _USER_LISTS,
    "cache_view": _CACHE_VIEW,
}
MADE: Final = tuple(table for table in _IN_TURN if table != "moves")
"""The canonical tables that `tables` makes."""


def tables(facts: Mapping[str, Columns], already: Mapping[str, int]) -> duckdb.DuckDBPyConnection:
    """A database with the canonical tables of these facts, all but accounts; `already`: rows made before, by table."""
    connection = duckdb.connect()
    connection.execute(_MACROS)
    connection.execute(f"CREATE TABLE already AS SELECT {already['history']} AS sent, {already['postings']} AS posted")
    for name in _FACTS:
        connection.register(name, pa.table(facts[name]))
    for table, query in _IN_TURN.items():
        connection.execute(f"CREATE TABLE {table} AS {query}")
    return connection


def accounts(postings: Path) -> duckdb.DuckDBPyConnection:
    """A database with the accounts that all postings come to, and the shadow_rows of these."""
    connection = duckdb.connect()
    connection.execute(_MACROS)
    connection.execute(f"CREATE VIEW postings AS FROM read_parquet('{postings}')")
    connection.execute(f"CREATE TABLE accounts AS {_ACCOUNTS}")
    connection.execute(f"CREATE VIEW shadow_rows AS {_SHADOW_ACCOUNTS}")
    return connection
