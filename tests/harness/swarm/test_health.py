"""What a worker says of itself."""

from pathlib import Path

import msgspec

from harness.swarm.health import Lag, Progress, write


def test_lag_is_told_by_percentiles() -> None:
    """In microseconds, by rank; nothing started is no lag."""
    assert Lag.of([n * 1000 for n in range(101)]) == Lag(50, 99, 100)
    assert Lag.of([]) == Lag(0, 0, 0)


def test_a_reader_never_sees_half_a_report(tmp_path: Path) -> None:
    """The report is replaced whole, and nothing else is left in the folder."""
    for issued in (1, 2):
        progress = Progress(
            worker="w", phase="load", issued=issued, ok=issued, fail=0, info=0, arrivals=9, started=issued
        )
        write(tmp_path / "w.json", progress)
        assert msgspec.json.decode((tmp_path / "w.json").read_bytes(), type=Progress) == progress
    assert [path.name for path in tmp_path.iterdir()] == ["w.json"]
