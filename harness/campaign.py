"""Do the invariants find bugs? The target is run with each mutant planted, and the invariant meant to catch
it must.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct, structs

from harness.config import ConfigError
from harness.plugins import Mutant
from harness.progress import Teller
from harness.run import Plan, run
from invariants.verdict import Value

SEEDS_MOST: Final = 5
"""How many nights, each with the next seed, a mutant may survive before it counts as a survivor."""


_DRAIN_S: Final = 8.0
"""A mutant that loses work never finishes it."""


class Trial(Struct, frozen=True):
    """What became of one mutant. `verdicts`: the worst that each invariant said over its nights; `path`: the
    last one.
    """

    killed: bool
    caught_by: str
    seeds: list[int]
    verdicts: dict[str, Value]
    path: str


class Campaign(Struct, frozen=True):
    """All mutants. `matrix`: mutant → invariant → verdict."""

    killed: int
    total: int
    survivors: list[str]
    matrix: dict[str, dict[str, Value]]
    trials: dict[str, Trial]


def campaign(mutants: Mapping[str, Mutant], plan: Plan, teller: Teller) -> Campaign:
    """Tries every mutant in nights like `plan`."""
    trials = {}
    for name, mutant in mutants.items():
        teller.phase("mutant", f"{name}, to be caught by {mutant.caught_by}")
        trials[name] = trial(mutant, plan, teller)
        teller.phase("mutant", f"{name} {'is killed' if trials[name].killed else 'SURVIVES'}")
    survivors = [name for name, tried in trials.items() if not tried.killed]
    return Campaign(
        killed=len(trials) - len(survivors),
        total=len(trials),
        survivors=survivors,
        matrix={name: tried.verdicts for name, tried in trials.items()},
        trials=trials,
    )


def trial(mutant: Mutant, plan: Plan, teller: Teller) -> Trial:
    """Nights with one mutant until the invariant named in its file says violated: another's alarm does not
    count.
    """
    seeds: list[int] = []
    verdicts: dict[str, Value] = {}
    path = ""
    while verdicts.get(mutant.caught_by) != "violated" and len(seeds) < SEEDS_MOST:
        seeds.append(plan.seed + len(seeds))
        results = run(_planted(mutant, plan, seeds[-1]), teller)
        path = results.run.path
        for name, verdict in results.invariants.items():
            verdicts[name] = _worse(verdicts.get(name, "holds"), verdict.verdict)
        if mutant.caught_by not in verdicts:
            raise ConfigError(f"mutant {mutant.name}: its invariant {mutant.caught_by} is not claimed by the target")
    return Trial(verdicts[mutant.caught_by] == "violated", mutant.caught_by, seeds, verdicts, path)


def _planted(mutant: Mutant, plan: Plan, seed: int) -> Plan:
    words = ["run", plan.scenario, "--backend", plan.backend, "--people", str(plan.people)]
    words += ["--packets", str(plan.packets), "--duration", f"{plan.duration_s:g}", "--tagged", f"{plan.tagged:g}"]
    words += ["--seed", str(seed), "--mutant", mutant.name]
    words += ["--workers", str(plan.workers), "--target", str(plan.target)]
    root = Path(plan.root) / "mutants"
    options = f"--mutant {mutant.name}"
    return structs.replace(plan, seed=seed, options=options, argv=words, root=root, drain_s=_DRAIN_S)


def _worse(one: Value, other: Value) -> Value:
    order: tuple[Value, ...] = ("holds", "unknown", "violated")
    return max(one, other, key=order.index)
