"""Memory for a large night."""

from pathlib import Path
from typing import Final

import duckdb

_MEMINFO: Final = Path("/proc/meminfo")
_SHARE: Final = 0.6


def make_room(connection: duckdb.DuckDBPyConnection, folder: Path, memory_mb: int | None = None) -> None:
    """Let a judgement spill to `folder` what does not fit into so much memory; by default most of what is free now.

    Without it DuckDB takes four fifths of the machine's memory, free or not, and a large night may get the process
    killed. Where the system does not tell what is free, only the folder is set.
    """
    limit_mb = memory_mb or _free_mb()
    quoted = str(folder).replace("'", "''")
    connection.execute(f"SET temp_directory = '{quoted}'")
    connection.execute("SET preserve_insertion_order = false")
    if limit_mb:
        connection.execute(f"SET memory_limit = '{limit_mb}MiB'")
        # of a part it keeps what it is given: to get and clear each page anew was a twentieth of a judgement's time
        connection.execute(f"SET block_allocator_memory = '{limit_mb // 4}MiB'")


def _free_mb() -> int | None:
    if not _MEMINFO.exists():
        return None
    lines = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
    return int(int(lines["MemAvailable"].split()[0]) * _SHARE) >> 10
