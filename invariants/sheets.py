"""Sheets: relations that set what is due against what is shown, line by line.

What balances says nothing, and of a large night nearly everything balances. So only those lines are looked at that may
not: lines fall into buckets by their first column, and a bucket is even if the hashes of its lines, each times what is
due less what is shown, sum up to 0. That an uneven one looks even is as likely as that two hashes of 48 bits are alike.
"""

from typing import Final

import duckdb

_BUCKET_BITS: Final = 14
_BUCKETS: Final = 1 << _BUCKET_BITS
_UNEVEN_MOST: Final = _BUCKETS // 4  # beyond, leaving out the others is not worth a second look
_NO_KEY: Final = ("due", "shown", "moment")


def is_sheet(name: str) -> bool:
    """Is a shared relation of this name a sheet (`…_sheet`, columns `due` and `shown`)?

    Its reader may only ask it for what does not balance: lines that are alike in all columns but these and `moment`,
    and whose `due` does not come to their `shown`. So whoever makes a table of it may leave out what balances.
    """
    return name.endswith("_sheet")


def lines_in_doubt(connection: duckdb.DuckDBPyConnection, sheet: str) -> str:
    """A query of those lines of a sheet, a query itself, among which all are that do not balance."""
    key = [name for name, *_ in connection.execute(f"DESCRIBE {sheet}").fetchall() if name not in _NO_KEY]
    bucket = f'hash("{key[0]}") >> {64 - _BUCKET_BITS}'
    whole = ", ".join(f'"{name}"' for name in key)
    uneven = connection.execute(
        f"""
        SELECT bucket
        FROM (
            SELECT {bucket} AS bucket, hash({whole}) >> 16 AS line, COALESCE(due, 0) - COALESCE(shown, 0) AS lacking
            FROM ({sheet})
        )
        GROUP BY bucket
        HAVING SUM(lacking::HUGEINT * line::HUGEINT) <> 0
        """
    ).fetchall()
    if not uneven:
        return f"SELECT * FROM ({sheet}) LIMIT 0"
    if len(uneven) > _UNEVEN_MOST:
        return sheet
    # as a bit of a word, and not as a list, it is a filter that goes down to where the lines are read
    bits = ["0"] * _BUCKETS
    for (number,) in uneven:
        bits[number] = "1"
    return f"SELECT * FROM ({sheet}) WHERE get_bit('{''.join(bits)}'::BIT, ({bucket})::INTEGER) = 1"
