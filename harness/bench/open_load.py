"""The swarm itself on a schedule, for benchmarks: Locust's master and workers, journals and all, as in a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
from msgspec import Struct

from harness import load
from harness.history import collect
from harness.progress import Teller
from harness.rundir import write_json
from harness.swarm.health import Health

_LOCUSTFILE: Final = Path(__file__).parents[1] / "swarm" / "bench" / "arrivals.py"
_PREPARES_S: Final = 60.0
_TARGET: Final = """
[target]
base_url = "http://127.0.0.1:{port}"

[operation.look]
method = "GET"
path = "/look/$person"
ok = { status = [200] }
"""


class Played(Struct, frozen=True):
    """What was left: each worker's own report, the generator's figures, and the history as Parquet files."""

    workers: list[Health]
    generator: dict[str, Any]
    parquet: Path

    def ask(self, columns: str, rest: str = "") -> list[tuple[Any, ...]]:
        """Rows of the history: SELECT `columns` FROM it `rest`."""
        with duckdb.connect() as connection:
            connection.execute(f"CREATE VIEW history AS FROM read_parquet('{self.parquet}/*/*.parquet')")
            return connection.execute(f"SELECT {columns} FROM history {rest}").fetchall()


def play(
    folder: Path,
    port: int,
    schedule: Mapping[str, Any],
    *,
    people: int,
    seconds: float,
    workers: int = 1,
    seed: int = 7,
) -> Played:
    """People by `schedule` (see harness/swarm/bench/arrivals.py) look at the server on `port`, each once.

    `folder` is new. RuntimeError: not every arrival was started and answered, so there is nothing to measure.
    """
    for name in ("history", "progress", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "target.toml").write_text(_TARGET, encoding="utf-8")
    settings = {
        "target": str(folder / "target.toml"),
        "variables": {"port": str(port)},
        "history": str(folder / "history"),
        "progress": str(folder / "progress"),
        "people": people,
        "duration_s": seconds,
        "workers": workers,
        "seed": seed,
        "options": dict(schedule),
    }
    write_json(folder / "swarm.json", settings)
    with (
        load.swarm(_LOCUSTFILE, folder / "swarm.json", workers, folder / "logs", folder / "progress") as swarm,
        Teller() as teller,
    ):
        told = load.watch(swarm, folder / "history", _PREPARES_S + 4 * seconds, teller, lambda at_s: None)
    counts = collect(folder / "history", folder / "history" / "parquet")
    if not counts.ok == counts.issued == told.generator["started"] == people:
        raise RuntimeError(f"of {people} arrivals {counts.ok} were answered: {'; '.join(told.reasons) or counts}")
    health = [msgspec.json.decode(path.read_bytes(), type=Health) for path in (folder / "history").glob("*.swarm.json")]
    health.sort(key=lambda worker: worker.part)
    return Played(workers=health, generator=told.generator, parquet=folder / "history" / "parquet")
