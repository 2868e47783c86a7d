"""Every command. The only place that exits the process, and the one that turns errors into one line and a
code.
"""

import errno
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import click
import msgspec
from click.core import ParameterSource
from rich.console import Console

from harness import faults, fleet, plugins, rundir, serving
from harness import prove as proving
from harness import run as runs
from harness import simulate as simulation
from harness.assess import as_json
from harness.config import ConfigError
from harness.planning import plan_night
from harness.progress import Teller
from harness.report import drills, matrix, proof, summary
from harness.report import results as report
from harness.report.results import Results
from harness.servers import require_programs
from harness.signals import ENDING
from harness.target import reconcile as reconciling
from harness.trial.campaign import Campaign, campaign
from harness.trial.recordings import CorruptionCampaign, try_corruptions
from harness.trial.verdicts import UNDER

USAGE: Final = 2
INTERNAL: Final = 70
_USERS_TO_MEND: Final = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)
_BACKENDS: Final = click.Choice(["embedded", "servers"])
_ROUNDS: Final = 30


class Stopped(BaseException):
    """A signal asked the process to end: everything that was started is stopped on the way out."""

    def __init__(self, number: int) -> None:
        self.number = number


def main() -> NoReturn:
    """The console script `rainproof`."""
    for number in ENDING:
        signal.signal(number, _stop)
    sys.exit(_exit_code(sys.argv[1:]))


def _exit_code(arguments: list[str]) -> int:
    """Runs one command; whatever goes wrong is a line on standard error and a code."""
    try:
        return int(commands.main(arguments, prog_name="rainproof", standalone_mode=False) or 0)
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError) as leaving:
        if isinstance(leaving, click.exceptions.NoArgsIsHelpError):
            click.echo(leaving.format_message(), err=True)
        return int(leaving.exit_code)
    except click.ClickException as error:
        return _complain(error.format_message().splitlines()[0], USAGE)
    except ConfigError as error:
        return _complain(str(error), USAGE)
    except Stopped as stopped:
        return 128 + stopped.number
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno in _USERS_TO_MEND:
            return _complain(f"{error.filename or 'writing'}: {error.strerror}", USAGE)
        return _complain_of_bug(error)
    except Exception as error:  # noqa: BLE001 the last resort: said in one line, in full in a file
        return _complain_of_bug(error)


def _complain_of_bug(error: Exception) -> int:
    return _complain(f"internal error: {type(error).__name__}: {error} (traceback: {_keep_traceback()})", INTERNAL)


def _complain(line: str, code: int) -> int:
    click.echo(f"rainproof: {' '.join(line.split())}", err=True)
    return code


def _keep_traceback() -> Path:
    """Writes the traceback of what is being handled to a file of its own."""
    handle, path = tempfile.mkstemp(prefix="rainproof-", suffix=".traceback")
    with os.fdopen(handle, "w") as file:
        traceback.print_exc(file=file)
    return Path(path)


def _stop(number: int, frame: FrameType | None) -> None:
    """The first signal unwinds; those that follow must not interrupt the cleaning up."""
    for each in ENDING:
        signal.signal(each, lambda number, frame: None)
    raise Stopped(number)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rainproof")
def commands() -> None:
    """Drives a red-packet system the way a holiday night does, and proves the money.

    Exit codes: 0 holds, 1 violated, 2 usage or configuration, 3 inconclusive, 70 internal.
    """


def _night(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say what a night is like."""
    for option in reversed(_NIGHT):
        command = option(command)
    return command


_BACKEND: Final = click.option(
    "--backend", type=_BACKENDS, default="embedded", help="What the target stands on.", show_default=True
)
_TOPOLOGY: Final = click.option(
    "--topology", metavar="FILE", help="What stands on which servers: a file, or a name the target comes with."
)
_TARGET: Final = click.option("--target", type=click.Path(path_type=Path), help="Target file of another system.")
_SEED: Final = click.option("--seed", type=int, default=7, help="Everything random follows from it.", show_default=True)
_JSON: Final = click.option("--json", "as_object", is_flag=True, help="Print one JSON object on standard output.")
_NIGHT: Final = (
    _BACKEND,
    click.option("--people", type=click.IntRange(min=1), help="How many people there are."),
    click.option("--packets", type=click.IntRange(min=1), help="How many packets are sent."),
    click.option(
        "--rounds", type=click.IntRange(1, _ROUNDS), help="How many rounds there are, where there are rounds."
    ),
    _SEED,
    click.option("--duration", type=click.FloatRange(min=0, min_open=True), help="Seconds of load."),
    click.option("--tagged", type=click.FloatRange(0, 1), help="Share of people who are pressure traffic."),
    click.option("--workers", type=click.IntRange(1, 1000), default=1, help="Processes of the swarm."),
    _TARGET,
    _JSON,
)


@commands.command()
@click.argument("scenario")
@_night
@_TOPOLOGY
@click.option(
    "--late-ms",
    type=click.FloatRange(min=0, min_open=True),
    help="How late the p99 of arrivals may start before the run is inconclusive; by default 1, and 1000 where the run"
    " starts the target on its own machine.",
)
@click.option("--mutant", help="Plant this bug in the reference implementation.")
@click.option("--weather", help="Run the clean system in this mutant's harsh surroundings.")
@click.option(
    "--fault",
    "planned",
    multiple=True,
    metavar="NAME=ARG@S",
    help="Do this S seconds into the load, e.g. kill=credit@5.",
)
def run(
    scenario: str, mutant: str | None, weather: str | None, planned: tuple[str, ...], as_object: bool, **night: Any
) -> int:
    """Drive SCENARIO against a target and judge what happened."""
    options = " ".join(_planting("mutant", mutant) + _planting("weather", weather))
    strikes = sorted(map(faults.parse, planned), key=lambda strike: strike.at_s)
    plan = _plan(scenario, options=options, faults=tuple(strikes), argv=sys.argv[1:], **night)
    with Teller() as teller:
        results = runs.run(plan, teller)
    return _show(results, as_object)


def _planting(option: str, mutant: str | None) -> list[str]:
    """Words for the target's command line, once the mutant is known."""
    if mutant is None:
        return []
    return [f"--{option}", plugins.choose("mutant", mutant, plugins.mutants()).name]


def _plan(scenario: str, target: Path | None, topology: str | None = None, **given: Any) -> runs.Plan:
    """The plan of a night."""
    chosen = plugins.choose("scenario", scenario, plugins.scenarios())
    path = (target or chosen.target).resolve()
    backend, file = _stand(given["backend"], topology, path)
    if backend == "servers" and file is None:
        require_programs()
    return plan_night(chosen, path, **given | {"backend": backend, "topology": file})


def _stand(backend: runs.Backend, topology: str | None, target: Path) -> tuple[runs.Backend, Path | None]:
    """What a target is to stand on. Its topology says itself whether there are servers."""
    if topology is None:
        return backend, None
    if click.get_current_context().get_parameter_source("backend") is ParameterSource.COMMANDLINE:
        raise ConfigError("--topology says what there is: leave out --backend")
    file = fleet.find(topology, target)
    return "servers" if fleet.read(file) else "embedded", file


@commands.command()
@click.argument("run_folder", metavar="RUN")
@_JSON
def check(run_folder: str, as_object: bool) -> int:
    """Judge again what RUN left: a folder, `latest`, or SCENARIO/TIME."""
    return _show(runs.check(rundir.resolve(run_folder)), as_object)


@commands.command(name="report")
@click.argument("run_folder", metavar="RUN")
@_JSON
def show_report(run_folder: str, as_object: bool) -> int:
    """Show the results of RUN as they were judged."""
    return _show(report.load(rundir.resolve(run_folder)), as_object)


def _show(results: Results, as_object: bool) -> int:
    click.echo(as_json(results) if as_object else summary.text(results), nl=as_object)
    return results.exit_code


@commands.command()
@click.option("--scenario", default="group_grab", help="Serve this scenario's target.", show_default=True)
@_BACKEND
@_TOPOLOGY
@_TARGET
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here; by default on a free port.")
@_JSON
def serve(
    scenario: str,
    backend: runs.Backend,
    topology: str | None,
    target: Path | None,
    port: int | None,
    as_object: bool,
) -> int:
    """Start the target, and its servers, until Ctrl-C; print where it is."""
    path = (target or plugins.choose("scenario", scenario, plugins.scenarios()).target).resolve()
    backend, file = _stand(backend, topology, path)
    folder = rundir.create("serve").resolve()
    with Teller() as teller:
        teller.phase("prepare", str(folder))
    (folder / "logs").mkdir()
    with runs.deployed(path, backend, folder, port=port or 0, topology=file) as deployed:
        serving.note(folder, path, deployed.variables)
        told = {"url": deployed.target.base_url, "folder": str(folder), "variables": deployed.variables}
        click.echo(msgspec.json.encode(told).decode() if as_object else deployed.target.base_url)
        while deployed.launched is None or deployed.launched.pid:
            time.sleep(0.5)
    raise ConfigError(f"the target ended by itself; its log is {folder / 'logs' / 'target.log'}")


@commands.command()
@click.argument("name")
@click.option("--target", type=click.Path(path_type=Path), help="Of this target; by default of what `serve` serves.")
@_JSON
def reconcile(name: str, target: Path | None, as_object: bool) -> int:
    """Run reconciliation NAME of a running target alone, and show what it found and repaired.

    Exit 1 where something is still missing.
    """
    told = reconciling.reconcile(serving.target(target), name)
    click.echo(msgspec.json.encode(told).decode() if as_object else reconciling.text(told))
    return 0 if told.repaired == told.missing else 1


@commands.command()
@_night
@click.option("--scenario", default="group_grab", help="What a night under load is like.", show_default=True)
@click.option("--only", help="Try this one alone.")
@click.option("--under", type=click.Choice(UNDER), help="Try all here; by default each where its file says it dies.")
@click.option(
    "--clean",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Nights of the clean system under load, each with the next seed.",
)
@click.option("--corruptions", is_flag=True, help="Corrupt a recorded run instead, in one small way after another.")
@click.option("--run", "recorded", metavar="RUN", help="With --corruptions: this run; by default a new one.")
def mutants(
    scenario: str,
    only: str | None,
    under: Any,
    clean: int,
    corruptions: bool,
    recorded: str | None,
    as_object: bool,
    **night: Any,
) -> int:
    """Plant each mutant and see whether the invariant named in its file catches it.

    Most die in simulation, some on real servers only, under load, or by proof. The clean system is played beside them,
    also in the harsh surroundings that some need under load: there nobody may be accused.
    """
    likeness = _RECORDED_NIGHT if corruptions else _SMALL_NIGHT
    night |= {name: value for name, value in likeness.items() if night[name] is None}
    plan = _plan(scenario, argv=sys.argv[1:], **night)
    with Teller() as teller:
        if corruptions:
            folder = rundir.resolve(recorded) if recorded else Path(runs.run(plan, teller).run.path)
            return _show_trial(try_corruptions(folder, teller, only), "corruption", as_object)
        known = plugins.mutants()
        chosen = {only: plugins.choose("mutant", only, known)} if only else known
        return _show_trial(campaign(chosen, plan, teller, clean, under), "mutant", as_object)


_SMALL_NIGHT: Final = {"people": 120, "packets": 24, "duration": 6.0, "tagged": 0.3}
_RECORDED_NIGHT: Final = {"people": 240, "packets": 60, "duration": 10.0, "tagged": 0.3}


def _show_trial(tried: Campaign | CorruptionCampaign, planted: str, as_object: bool) -> int:
    if as_object:
        click.echo(msgspec.json.encode(tried).decode())
    else:
        meant = {name: trial.caught_by for name, trial in tried.trials.items()}
        Console().print(matrix.matrix(tried.matrix, meant, planted))
        click.echo("\n".join(matrix.conclusion(tried)))
    return 0 if tried.passed else 1


@commands.command()
@click.argument("world")
@click.option("--schedules", type=click.IntRange(1, 10_000_000), default=200, show_default=True, help="How many.")
@click.option(
    "--faults", default="all", show_default=True, help="all, none, or names with commas: fail, timeout, twice, crash, …"
)
@click.option("--mutant", default="", help="Plant this bug.")
@click.option("--until", default="", metavar="INVARIANT", help="Stop only where this one is violated.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that share the work.")
@_BACKEND
@_SEED
@_JSON
def simulate(world: str, faults: str, as_object: bool, **given: Any) -> int:
    """Play WORLD in many orders, with faults, each order named by the seed; shrink what is violated to a case."""
    if given["backend"] == "servers":
        require_programs()
    asked = simulation.Asked(world=world, faults=simulation.parse_faults(faults), **given)
    with Teller() as teller:
        told = simulation.simulate(asked, lambda words: teller.phase("simulate", words))
    click.echo(msgspec.json.encode(told).decode() if as_object else simulation.text(told), nl=as_object)
    return told.exit_code


@commands.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--trace", is_flag=True, help="Show every statement and command.")
@_JSON
def replay(case: Path, trace: bool, as_object: bool) -> int:
    """Play CASE again, a counterexample that simulate wrote: exit 1 while it still fails."""
    told = simulation.replay(case, trace)
    lines = [*told.trace, *told.story, *simulation.conclusion(told)]
    click.echo(msgspec.json.encode(told).decode() if as_object else "\n".join(lines))
    return 1 if told.violated else 0


@commands.command()
@click.argument("names", metavar="[ALLOCATION]...", nargs=-1)
@click.option("--mutants", "planted", is_flag=True, help="Show also to what each allocation mutant falls.")
@_JSON
def prove(names: tuple[str, ...], planted: bool, as_object: bool) -> int:
    """Prove the allocation for all amounts and shares; every obligation must close, every mutant must fall."""
    told = proving.prove(names, plugins.allocations(), planted)
    click.echo(msgspec.json.encode(told).decode() if as_object else proof.text(told))
    return 0 if told.passed else 1


@commands.command()
@click.argument("name")
@click.option("--http", is_flag=True, help="Through HTTP instead of in process.")
@click.option("--operations", type=click.IntRange(min=1_000), help="How many, where a night is generated.")
@_SEED
@_JSON
def bench(name: str, as_object: bool, **options: Any) -> int:
    """Measure NAME in one run on one machine: two sides and their ratio, or a figure to reach."""
    chosen = plugins.choose("bench", name, plugins.benches())
    told = chosen(options)
    if as_object:
        click.echo(msgspec.json.encode(told).decode())
    else:
        click.echo(f"{told['bench']}: {told['value']:.3g} {told['unit']}, to reach {told['reach']:g}")
        for figure, value in told["figures"].items():
            click.echo(f"  {figure:<40} {value}")
    return 0


@commands.command()
@click.argument("name")
@_BACKEND
@click.option("--only", help="This row alone.")
@_SEED
@_JSON
def drill(name: str, as_object: bool, **options: Any) -> int:
    """Play NAME through: what operators may have to do on the night. Exit 1 unless every row passes."""
    if options["backend"] == "servers":
        require_programs()
    told = plugins.choose("drill", name, plugins.drills())(options)
    if as_object:
        click.echo(msgspec.json.encode(told).decode())
    else:
        Console().print(drills.table(told))
        click.echo(drills.conclusion(told))
    return 0 if told["passed"] == told["total"] > 0 else 1


if __name__ == "__main__":
    main()
