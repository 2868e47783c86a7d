"""The judge's trial in full: clean schedules, mutants, corruptions, proof; what came of it goes into docs/trial.json.

    ci/trial.py [--schedules N] [--on-servers N] [--jobs N] [--new] [PART …]

PARTs are clean, mutants, corruptions and proof; all by default. A part that was not run keeps what was recorded of it.
TRACK_RECORD.md is made from the record by `make docs`.
"""

import argparse
import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import plugins
from harness.trial.corruptions import catalogue
from harness.trial.verdicts import UNDER

RECORD = Path(__file__).resolve().parents[1] / "docs" / "trial.json"
SEED = 1
Told = Iterator[tuple[dict[str, Any], bool]]
"""What goes into the record, and whether it is as it should be; each with more than the one before."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=100_000, help="clean schedules in all")
    parser.add_argument("--on-servers", type=int, default=300, help="clean schedules of each world on real servers")
    parser.add_argument("--new", action="store_true", help="of the mutants only those that were never tried")
    parser.add_argument("--jobs", type=int, default=2, help="processes that share them")
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="what to try; everything by default")
    asked = parser.parse_args()
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    asked.record = record
    failed = False
    for part in asked.part or PARTS:
        for told, passed in PARTS[part](asked):  # what was done stays recorded when the rest is interrupted
            record[part] = {"on": datetime.datetime.now(datetime.UTC).date().isoformat(), **told}
            RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
            failed |= not passed
    return int(failed)


def clean(asked: argparse.Namespace) -> Told:
    """Schedules of the clean system in every world, with all faults: nobody may be accused."""
    each = -(-asked.schedules // len(plugins.worlds()))
    rows: dict[str, Any] = {}
    for backend, schedules, jobs in (("embedded", each, asked.jobs), ("servers", asked.on_servers, 1)):
        for world in plugins.worlds():
            rows[f"{world} {backend}"] = row = _world(world, backend, schedules, jobs)
            yield {"seed": SEED, "worlds": rows}, row["verdict"] == "holds"


def _world(world: str, backend: str, schedules: int, jobs: int) -> dict[str, Any]:
    words = ["simulate", world, "--backend", backend, "--schedules", str(schedules), "--faults", "all"]
    told = _rainproof(*words, "--seed", str(SEED), "--jobs", str(jobs))
    kept = ("verdict", "schedules", "points", "violations", "trace_hash", "faults", "seconds", "reasons")
    return {name: told[name] for name in kept}


def mutants(asked: argparse.Namespace) -> Told:
    """Every mutant where it dies; or only those that the record does not know, beside what stands in it."""
    standing = asked.record.get("mutants", {}) if asked.new else {}
    known = plugins.mutants()
    told = {"trials": {}, "matrix": {}, "controls": {}, "accusations": []} | standing
    for name in [None] if not standing else sorted(known.keys() - told["trials"].keys()):
        only = ["--only", name] if name else []
        now = _rainproof("mutants", "--backend", "servers", "--seed", str(SEED), *only)
        for part in ("trials", "matrix", "controls"):
            told[part] |= now[part]
        told["accusations"] += now["accusations"]
    for part in ("trials", "matrix"):
        told[part] = {name: told[part][name] for name in sorted(known)}
    for trial in told["trials"].values():
        trial.pop("path", None)
    killed = [trial["under"] for trial in told["trials"].values() if trial["killed"]]
    told |= {"killed": len(killed), "total": len(known), "died_in": {place: killed.count(place) for place in UNDER}}
    told["survivors"] = [name for name, trial in told["trials"].items() if not trial["killed"]]
    yield told, not told["survivors"] and not told["accusations"]


def corruptions(_: argparse.Namespace) -> Told:
    """Every corruption of a night recorded for it, which has the rows for all whose invariant it claims."""
    told = _rainproof("mutants", "--corruptions", "--seed", "7")
    told.pop("path", None)
    lacking = [name for name in told["not_applicable"] if catalogue()[name].caught_by in told["recorded"]]
    yield told, not told["survivors"] and not told["accusations"] and not lacking


def proof(_: argparse.Namespace) -> Told:
    """The allocation's obligations, and where each allocation mutant falls."""
    told = _rainproof("prove", "--mutants")
    told.pop("obligations")
    yield told, told["closed"] == told["total"] and not told["survivors"]


PARTS = {"proof": proof, "corruptions": corruptions, "mutants": mutants, "clean": clean}


def _rainproof(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "harness.cli", *words, "--json"]
    print(" ".join(["rainproof", *words]), file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if not done.stdout:
        raise SystemExit(f"{' '.join(words)} said nothing; exit {done.returncode}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


if __name__ == "__main__":
    sys.exit(main())
