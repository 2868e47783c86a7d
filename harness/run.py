"""A run from end to end: prepare, warm, load, drain, collect, judge, report. `check` judges again what a run
left.
"""

import contextlib
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from harness import faults, figures, fleet, latency, load, rundir, servers
from harness.assess import Conduct, assess, check_claims
from harness.config import ConfigError
from harness.faults import Planned, Site
from harness.history import HistoryCounts, collect, now_ns
from harness.history.gather import pull
from harness.processes import free_port
from harness.progress import Teller
from harness.report import junit, summary
from harness.report import results as report
from harness.report.results import Fault, Results
from harness.servers import Running
from harness.swarm.health import Ending
from harness.swarm.settings import Settings, load_settings
from harness.target import Target, load_target
from harness.target.drain import Drained, drain
from harness.target.evidence import collect_evidence
from harness.target.launch import Launched, launch

Backend = Literal["embedded", "servers"]

_TAGGED: Final = 0.1  # the share of people who are pressure traffic, unless said otherwise
_PREPARE_S: Final = 120.0
_DRAIN_S: Final = 60.0
_NOTHING_TO_DRAIN: Final = Drained(done=True, pending=0, seconds=0.0)
_RESTART_S: Final = 20.0  # for a worker that was started again to take up the part that was lost
_OVERTIME: Final = 4.0  # how many times its duration a load may take before it is stopped


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be run. `options` are words for the target's command line."""

    scenario: str
    locustfile: Path
    target: Path
    argv: list[str]
    backend: Backend = "embedded"
    people: int = 600
    packets: int = 60
    rounds: int = 0
    seed: int = 7
    duration_s: float = 20.0
    tagged: float | None = None  # None: a tenth, where the target has a tag
    workers: int = 1
    late_ms: float | None = None  # p99 of the generator's lag; None: as much as where the target runs allows
    drain_s: float = _DRAIN_S  # how long the target may take, after the load, to finish what it acknowledged
    options: str = ""
    topology: Path | None = None  # what stands on which servers; in the place of `backend`'s own
    also: tuple[Path, ...] = ()  # target files of other halves of the same system: their claims and evidence count too
    faults: tuple[Planned, ...] = ()
    sets: tuple[Planned, ...] = ()  # what operators set meanwhile, where the target has an [admin]
    root: Path = rundir.ROOT


class Deployed(Struct, frozen=True):
    """A target that is up. `running`: the servers that were started for it, if any."""

    target: Target
    variables: dict[str, str]
    launched: Launched | None
    running: Running | None


Beside = Callable[[Deployed, Path], contextlib.AbstractContextManager[list[Fault]]]
"""What goes on beside a load, by the deployment and the run's folder: what it did stands in the list afterwards."""


def nothing_beside(_deployed: Deployed, _folder: Path) -> contextlib.AbstractContextManager[list[Fault]]:
    return contextlib.nullcontext([])


def run(plan: Plan, teller: Teller, beside: Beside = nothing_beside) -> Results:
    """Runs `plan` and leaves its folder; raises ConfigError for what the user can mend."""
    began_s = time.monotonic()
    target = _target_of(plan)
    if plan.tagged is None:
        plan = msgspec.structs.replace(plan, tagged=_TAGGED if target.tag_header else 0.0)
    if target.admin is not None:
        plan = msgspec.structs.replace(plan, faults=tuple(sorted((*plan.sets, *plan.faults), key=_when)))
    claims = target.claims + _claims_also(plan, target.claims)
    folder = rundir.create(plan.scenario, plan.root).resolve()
    teller.phase("prepare", str(folder))
    for name in ("history", "evidence", "logs", "progress"):
        (folder / name).mkdir()
    record = _record(plan, folder, claims)
    with deployed(plan.target, plan.backend, folder, plan.options, topology=plan.topology) as deployment:
        conduct = _conduct(plan, folder, deployment, teller, beside)
    conduct = msgspec.structs.replace(conduct, seconds=round(time.monotonic() - began_s, 3))
    teller.phase("judge", f"{len(claims)} invariants")
    results = assess(folder, record, conduct)
    _report(folder, results)
    return results


def check(folder: Path) -> Results:
    """Judges again the run in `folder`, also one that ended before it was judged, or that Locust's own command played:
    its histories are fetched from where they were handed in, and its target is asked for what it holds.
    """
    record = rundir.read_record(folder)
    swarm = _swarm_of(folder)
    fetched = _fetch(folder, swarm) if swarm is not None else 0
    if fetched or not (folder / "history" / "parquet").is_dir():
        _collect(folder)
    if swarm is None or (folder / "evidence").is_dir():
        return assess(folder, record, _remembered(folder, _NOTHING_TO_DRAIN))
    return _ask(folder, record, swarm)


def _fetch(folder: Path, swarm: Settings) -> int:
    """Brings histories here that were handed in elsewhere, unless the run was judged; how many files were new."""
    if not swarm.history_to or (folder / report.FILE).exists():
        return 0
    (folder / "history").mkdir(exist_ok=True)
    return pull(f"{swarm.history_to.rstrip('/')}/{swarm.run}", folder / "history")


def _ask(folder: Path, record: rundir.RunRecord, swarm: Settings) -> Results:
    """Judges a run of Locust's own command by what its target says now. What an undrained target says is not kept."""
    target = load_target(Path(swarm.target), swarm.variables)
    drained = drain(target, _DRAIN_S)
    collect_evidence(target, folder / "evidence")
    results = assess(folder, record, _remembered(folder, drained))
    if not drained.done:
        shutil.rmtree(folder / "evidence")
    return results


@contextlib.contextmanager
def deployed(
    path: Path, backend: Backend, folder: Path, options: str = "", port: int = 0, topology: Path | None = None
) -> Iterator[Deployed]:
    """The target up for the time of the block, with private servers where `backend` or `topology` says so. `port` 0: a
    free one.
    """
    variables = _variables(backend, folder, options, port or free_port(), topology)
    data = folder / "data"
    with contextlib.ExitStack() as stack:
        running = None
        if topology is not None:
            tables = fleet.read(topology)
            running = stack.enter_context(fleet.start(folder / "servers", tables, folder / "logs"))
            variables |= {name: server.url for name, server in running.named.items()}
        elif backend == "servers" and (start := load_target(path, variables).start):
            running = stack.enter_context(
                servers.start(folder / "servers", logs=folder / "logs", redis_flush=start.redis_flush)
            )
            variables |= {"sql": running.sql, "cache": running.cache}
        target = load_target(path, variables)
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        data.mkdir()
        if topology is not None and running is not None:
            rundir.write_json(_addresses(folder), {name: server.url for name, server in running.named.items()})
        launched = stack.enter_context(launch(target, folder / "logs"))
        yield Deployed(target, variables, launched, running)


def _addresses(folder: Path) -> Path:
    """The file that tells the target where a topology's servers are: name → URL."""
    return folder / "data" / "servers.json"


def _variables(backend: Backend, folder: Path, options: str, port: int, topology: Path | None = None) -> dict[str, str]:
    """What fills a target file's `{name}`s. Servers, once they run, give their own addresses."""
    data = folder / "data"
    words = ["--topology", str(topology), "--servers", str(_addresses(folder))] if topology else []
    return {
        **(dict.fromkeys(fleet.read(topology), "sqlite://") if topology else {}),
        "python": sys.executable,
        "port": str(port),
        "sql": f"sqlite:///{data}",
        "cache": "embedded",
        "data": str(data),
        "backend": backend,
        "options": options,
        "topology": shlex.join(words),
        "run": folder.name,
    }


def _target_of(plan: Plan) -> Target:
    """The target as its file says. Reading it first finds a bad file before anything is started."""
    target = load_target(plan.target, _variables(plan.backend, Path("/"), plan.options, 1, plan.topology))
    check_claims(target.claims, plan.target)
    for name, asked in (("options", plan.options), ("topology", plan.topology)):
        if asked and f"{{{name}}}" not in plan.target.read_text(encoding="utf-8"):
            raise ConfigError(f"{plan.target}: [start] command has no {{{name}}} to pass {str(asked)!r} on with")
    return target


def _claims_also(plan: Plan, claimed: tuple[str, ...]) -> tuple[str, ...]:
    """What the other halves claim beside that."""
    variables = _variables(plan.backend, Path("/"), plan.options, 1, plan.topology)
    claims = dict.fromkeys(name for path in plan.also for name in load_target(path, variables).claims)
    return tuple(name for name in claims if name not in claimed)


def _record(plan: Plan, folder: Path, claims: tuple[str, ...]) -> rundir.RunRecord:
    """run.json: the plan, and what `check` must know."""
    told = {name: getattr(plan, name) for name in plan.__struct_fields__ if name not in ("argv", "root", "sets")}
    configuration = msgspec.to_builtins(told | {"claims": claims}, enc_hook=str)
    return rundir.record(folder, plan.scenario, plan.seed, plan.argv, configuration, servers=plan.backend == "servers")


def _conduct(plan: Plan, folder: Path, target: Deployed, teller: Teller, beside: Beside) -> Conduct:
    """Loads a target that is up, drains it and collects what it holds."""
    with beside(target, folder) as done:
        played, struck = _load(plan, folder, target, teller)
    struck = sorted([*struck, *done], key=lambda fault: fault.at_ns)
    teller.phase("drain")
    drained = drain(target.target, plan.drain_s)
    teller.phase("collect")
    counts = _collect(folder)
    variables = _standing(target)
    rows: dict[str, int] = {}
    for path in (plan.target, *plan.also):
        rows |= collect_evidence(load_target(path, variables), folder / "evidence")
    teller.phase("", f"{counts.issued:,} operations, {sum(rows.values()):,} rows of evidence")
    reasons = [*played.reasons, *_undrained(drained)]
    generator = {**played.generator, "drain_s": round(drained.seconds, 1)}
    return Conduct(drained=drained.done, reasons=reasons, generator=generator, faults=struck)


def _standing(target: Deployed) -> dict[str, str]:
    """What fills a target file's `{name}`s when a replica may have been promoted: it has the name of the one before."""
    named = target.running.named if target.running else {}
    return {**target.variables, **{name: server.url for name, server in named.items() if name in target.variables}}


def _undrained(drained: Drained) -> list[str]:
    return [] if drained.done else [f"the target was not drained: {drained.pending} pending"]


def _collect(folder: Path) -> HistoryCounts:
    """The journals as Parquet, and their latencies as a histogram log a worker."""
    history = folder / "history"
    counts = collect(history, history / "parquet")
    with figures.connect(folder) as connection:
        latency.write_logs(connection, history)
    return counts


def _load(plan: Plan, folder: Path, target: Deployed, teller: Teller) -> tuple[load.Played, list[Fault]]:
    """Plays the schedule and does the planned faults on the way."""
    settings = folder / "swarm.json"
    rundir.write_json(settings, _swarm_settings(plan, folder, target))
    limit_s = _PREPARE_S + _OVERTIME * plan.duration_s
    teller.phase("warm", f"{plan.people:,} people, {plan.packets:,} packets, {plan.duration_s:g} s")
    with load.swarm(plan.locustfile, settings, plan.workers, folder / "logs", folder / "progress") as swarm:
        site = Site(target.target, target.launched, target.running, swarm.workers, swarm.start_worker)
        struck: list[Fault] = []
        tick = _striker(plan.faults, site, struck, teller)
        tick(0.0)  # what is set at the beginning is in force before anybody comes
        played = load.watch(swarm, folder / "history", limit_s, teller, tick, _late_ms(plan, target))
    shutil.rmtree(folder / "progress")
    missed = [planned.text for planned in plan.faults[len(struck) :]]
    if missed:
        played.reasons.append(f"the load ended before these faults were due: {', '.join(missed)}")
    return played, struck


def _when(planned: Planned) -> float:
    return planned.at_s


def _late_ms(plan: Plan, target: Deployed) -> float:
    """A target that this run started shares the generator's cores, and makes it late."""
    if plan.late_ms is not None:
        return plan.late_ms
    return load.LATE_MS if target.launched else load.LATE_ALONE_MS


def _striker(planned: tuple[Planned, ...], site: Site, struck: list[Fault], teller: Teller) -> Callable[[float], None]:
    """Does each fault once it is due, and notes what was done in `struck`. `planned` is sorted."""

    def tick(at_s: float) -> None:
        while len(struck) < len(planned) and planned[len(struck)].at_s <= at_s:
            due, at_ns = planned[len(struck)], now_ns()
            detail = faults.act(due, site)
            struck.append(Fault(name=due.text, at_s=round(at_s, 1), detail=detail, at_ns=at_ns))
            teller.phase("fault", detail)

    return tick


def _swarm_settings(plan: Plan, folder: Path, target: Deployed) -> dict[str, Any]:
    """What every process of the swarm must know; see harness/swarm/settings.py."""
    return {
        "target": str(plan.target),
        "variables": target.variables,
        "history": str(folder / "history"),
        "progress": str(folder / "progress"),
        "scenario": plan.scenario,
        "run": folder.name,
        "seed": plan.seed,
        "people": plan.people,
        "packets": plan.packets,
        "rounds": plan.rounds,
        "duration_s": plan.duration_s,
        "tagged": plan.tagged,
        "workers": plan.workers,
        "restart_s": _RESTART_S if any(planned.name == "restart" for planned in plan.faults) else 0.0,
    }


def _report(folder: Path, results: Results) -> None:
    report.save(folder, results)
    junit.write(folder, results)
    summary.write(folder, results)


def _remembered(folder: Path, drained: Drained) -> Conduct:
    """How a run went, by its results, or by what Locust's master left; one that left neither did not finish."""
    if (folder / report.FILE).exists():
        return Conduct.of(report.load(folder))
    if (folder / Ending.FILE).exists():
        ending = msgspec.json.decode((folder / Ending.FILE).read_bytes(), type=Ending)
        played = load.told(folder / "history", ending)
        reasons = [*played.reasons, *_undrained(drained)]
        return Conduct(drained=drained.done, reasons=reasons, generator=played.generator)
    return Conduct(drained=False, reasons=["the run did not finish"])


def _swarm_of(folder: Path) -> Settings | None:
    """What the run's swarm was told, if it is on record."""
    path = folder / "swarm.json"
    return load_settings(None, {load.SETTINGS_VARIABLE: str(path)}) if path.exists() else None
