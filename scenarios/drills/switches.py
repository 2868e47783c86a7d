"""The switches' drill (B17): each of the table is flipped on and off while packets are sent and awards rain.

A row passes if the switch was in force in every process within a second, its effect was seen, both ended when it was
off, and people were served meanwhile. All money is judged afterwards, like that of any night: then every row counts, or
none.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from msgspec import Struct

from harness import run as runs
from harness import servers
from harness.config import ConfigError, nearest
from harness.history import now_ns
from harness.processes import free_port
from harness.progress import Teller
from harness.report.results import Fault, Results
from harness.run import Deployed
from harness.target import load_target
from harness.target.fetch import Unreachable
from reference_impl.domain.lists import CACHED
from reference_impl.resilience.switches import SWITCHES, default_of
from scenarios import catalogue
from scenarios.drills.effects import BESIDE, SEEN
from scenarios.drills.site import Setting, Site, wait_until
from scenarios.drills.visitor import Visitor
from scenarios.drills.wallets import crowd

WALLET: Final = Path(__file__).parents[2] / "reference_impl" / "wallet" / "target.toml"
IN_FORCE_S: Final = 1.0
SEEN_S: Final = 8.0
"""How long an effect may take to be seen: crediting by a batch waits for the sweeper."""
SETTLES_S: Final = 1.0
"""How long a switch stays on after that, so that people feel it."""
ROW_S: Final = 6.0
"""What a row takes, by which the night's length is planned."""
PREPARES_S: Final = 8.0
BEGINS_S: Final = 60.0
"""How long the load may take to begin; nothing is flipped before."""
READERS: Final = 3
PEOPLE: Final = 300
PACKETS: Final = 60


class Flip(Struct, frozen=True):
    """One switch, on and off again: milliseconds until all processes had it and its effect was seen; None: never."""

    name: str
    processes: int
    on_ms: int | None
    effect_ms: int | None
    off_ms: int | None
    ended_ms: int | None
    waiting: int
    """What was under way when it was switched off: credits that are late."""

    @property
    def faults(self) -> list[str]:
        limit_ms = IN_FORCE_S * 1000
        return [
            *(["it was not in force everywhere within a second"] if _late(self.on_ms, limit_ms) else []),
            *(["its effect was not seen"] if self.effect_ms is None else []),
            *(["it was still in force a second after it was switched off"] if _late(self.off_ms, limit_ms) else []),
            *(["its effect did not end"] if self.ended_ms is None else []),
        ]


def switches(options: Mapping[str, Any]) -> dict[str, Any]:
    """Flip every switch, or `only` one; what `drill --json` prints."""
    chosen = _chosen(options.get("only"))
    flips: list[Flip] = []
    with Teller() as teller, _backup(options["backend"]) as backup:
        plan = _plan(options, len(chosen), backup)
        results = runs.run(plan, teller, lambda up, folder: _beside(up, folder, chosen, flips))
    rows = [_row(flip, results) for flip in flips]
    return {
        "drill": "switches",
        "passed": sum(row["passed"] for row in rows),
        "total": len(chosen),
        "rows": rows,
        "verdict": results.verdict,
        "reasons": results.reasons,
        "invariants": {name: verdict.verdict for name, verdict in results.invariants.items()},
        "run": results.run.path,
    }


def _chosen(only: str | None) -> Sequence[str]:
    if only is None:
        return list(SWITCHES)
    if only not in SWITCHES:
        raise ConfigError(f"no switch is called {only!r}: {nearest(only, SWITCHES)}")
    return [only]


@contextmanager
def _backup(backend: str) -> Iterator[str]:
    """Where the live total is counted a second time."""
    if backend == "embedded":
        yield "embedded"
        return
    with (
        TemporaryDirectory(prefix="rainproof-drill-") as folder,
        servers.start(Path(folder) / "servers", mariadb=False) as running,
    ):
        yield running.cache


def _plan(options: Mapping[str, Any], flips: int, backup: str) -> runs.Plan:
    night, profiles = catalogue()["group_grab"], free_port()
    return runs.Plan(
        scenario="switches",
        locustfile=night.locustfile,
        target=night.target,
        argv=["drill", "switches"],
        backend=options["backend"],
        people=PEOPLE,
        packets=PACKETS,
        seed=options["seed"],
        duration_s=PREPARES_S + ROW_S * flips,
        options=f"--profile-port {profiles} --profiles http://127.0.0.1:{profiles} --reconcile-after-s 1"
        f" --total-backup {backup}",
        also=(WALLET,),
        late_ms=10_000.0,
    )


@contextmanager
def _beside(up: Deployed, folder: Path, chosen: Sequence[str], flips: list[Flip]) -> Iterator[list[Fault]]:
    """While packets are sent: people with wallets, and an operator who flips."""
    targets = [up.target, load_target(WALLET, up.variables)]
    done: list[Fault] = []
    with ExitStack() as stack:
        visitors = [Visitor(targets, folder / "history", f"wallets-{number}") for number in range(READERS)]
        operator = Visitor(targets, folder / "history", "operator")
        for visitor in (*visitors, operator):
            stack.callback(visitor.close)
        stack.enter_context(crowd(visitors, seed=1))
        site = Site(up.target, Path(up.variables["data"]), operator, Setting())
        with _at_once(lambda: _flip_all(site, chosen, flips, done)):
            yield done


@contextmanager
def _at_once(work: Callable[[], None]) -> Iterator[None]:
    """Done in a thread beside the block, and to its end; what it raises is raised then."""
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(work)
        yield
    beside.result()


def _flip_all(site: Site, chosen: Sequence[str], flips: list[Flip], done: list[Fault]) -> None:
    wait_until(lambda: site.metric("requests_total", operation="grab") > 0, BEGINS_S)
    site.fund()
    if "lists_two_screens" in chosen:
        for _ in range(CACHED + 1):
            site.packet()
    began_ns = now_ns()
    for name in chosen:
        for value in (1, 0):
            at_ns = now_ns()
            done.append(Fault(name=f"{name}={value}", at_s=round((at_ns - began_ns) / 1e9, 1), at_ns=at_ns))
            if value:
                on = _turn(site, name, 1)
                time.sleep(SETTLES_S)
                waiting = site.backlog()
            else:
                off = _turn(site, name, 0)
        flips.append(Flip(name, len(site.processes()), *on, *off, waiting))


def _turn(site: Site, name: str, value: int) -> tuple[int | None, int | None]:
    """Set a switch and what it needs: ms until every process had it, and until its effect was seen, or was over."""
    beside = BESIDE.get(name, {})
    for control, wanted in beside.items():
        if value:
            site.set(control, wanted)
    site.set(name, value)
    behind = set(site.processes().values())
    everywhere = wait_until(lambda: _is_everywhere(site, behind, name, bool(value)), IN_FORCE_S + 1)
    is_seen = SEEN.get(name)
    seen = wait_until(lambda: is_seen(site) == bool(value), SEEN_S) if is_seen else None
    for control in beside:
        if not value:
            site.set(control, default_of(control))
    return _ms(everywhere), _ms(seen)


def _is_everywhere(site: Site, behind: set[int], name: str, wanted: bool) -> bool:
    """Takes out of `behind` the ports of those processes that have it; are none left?"""
    for port in sorted(behind):
        with suppress(Unreachable):
            if site.has_in_force(port, name) == wanted:
                behind.discard(port)
    return not behind


def _row(flip: Flip, results: Results) -> dict[str, Any]:
    felt = {value: _felt(results, f"{flip.name}={value}") for value in (1, 0)}
    why = [*flip.faults, *([] if felt[1]["ok"] else ["nobody was served while it was on"])]
    why += [] if results.verdict == "holds" else [f"the night's verdict is {results.verdict}"]
    return {
        "name": flip.name,
        "passed": not why,
        "processes": flip.processes,
        "on_ms": flip.on_ms,
        "effect_ms": flip.effect_ms,
        "off_ms": flip.off_ms,
        "refused_on": felt[1]["fail"],
        "unknown_on": felt[1]["info"],
        "p99_on_ms": felt[1]["p99_ms"],
        "p99_off_ms": felt[0]["p99_ms"],
        "credits_waiting": flip.waiting,
        "why": "; ".join(why),
        "felt": felt,
    }


def _felt(results: Results, name: str) -> dict[str, int]:
    """What clients had, of all operations together; `p99_ms` of the slowest kind."""
    (fault,) = [fault for fault in results.faults if fault.name == name]
    kinds = fault.felt.values()
    sums = {outcome: sum(getattr(felt, outcome) for felt in kinds) for outcome in ("ok", "fail", "info")}
    return {**sums, "p99_ms": max((felt.p99_us or 0 for felt in kinds), default=0) // 1000}


def _late(took_ms: int | None, limit_ms: float) -> bool:
    return took_ms is None or took_ms > limit_ms


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
