"""Do the invariants find bugs, and nothing but bugs? The target is run with each mutant planted, and the
invariant meant to catch it must; it is run clean, also in the mutants' harsh surroundings, and nobody may be accused.
"""

from collections.abc import Iterator, Mapping
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
    """All mutants. `matrix`: mutant → invariant → verdict; `controls`: clean night → the same; `accusations`: the
    clean nights in which some invariant was said to be violated.
    """

    killed: int
    total: int
    survivors: list[str]
    accusations: list[str]
    matrix: dict[str, dict[str, Value]]
    controls: dict[str, dict[str, Value]]
    trials: dict[str, Trial]

    @property
    def passed(self) -> bool:
        return not self.survivors and not self.accusations


def campaign(mutants: Mapping[str, Mutant], plan: Plan, teller: Teller, clean_nights: int = 0) -> Campaign:
    """Tries every mutant in nights like `plan`, and the clean system in `clean_nights` and each harsh weather."""
    trials = {}
    for name, mutant in mutants.items():
        teller.phase("mutant", f"{name}, to be caught by {mutant.caught_by}")
        trials[name] = trial(mutant, plan, teller)
        teller.phase("mutant", f"{name} {'is killed' if trials[name].killed else 'SURVIVES'}")
    survivors = [name for name, tried in trials.items() if not tried.killed]
    controls = dict(_controls(mutants, plan, teller, clean_nights))
    return Campaign(
        accusations=[night for night, verdicts in controls.items() if "violated" in verdicts.values()],
        controls=controls,
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
        results = run(_night(plan, seeds[-1], "mutant", mutant.name, drain_s=_DRAIN_S), teller)
        path = results.run.path
        for name, verdict in results.invariants.items():
            verdicts[name] = _worse(verdicts.get(name, "holds"), verdict.verdict)
        if mutant.caught_by not in verdicts:
            raise ConfigError(f"mutant {mutant.name}: its invariant {mutant.caught_by} is not claimed by the target")
    return Trial(verdicts[mutant.caught_by] == "violated", mutant.caught_by, seeds, verdicts, path)


def _controls(
    mutants: Mapping[str, Mutant], plan: Plan, teller: Teller, clean_nights: int
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Nights of the clean system: in fair weather with one seed after another, and in each mutant's harsh one."""
    nights = [(f"clean, seed {seed}", seed, "") for seed in range(plan.seed, plan.seed + clean_nights)]
    nights += [(f"clean, weather of {name}", plan.seed, name) for name, mutant in mutants.items() if mutant.harsh]
    for told, seed, weather in nights:
        teller.phase("control", told)
        results = run(_night(plan, seed, "weather", weather, drain_s=plan.drain_s), teller)
        yield told, {name: verdict.verdict for name, verdict in results.invariants.items()}


def _night(plan: Plan, seed: int, option: str, value: str, drain_s: float) -> Plan:
    words = ["run", plan.scenario, "--backend", plan.backend, "--people", str(plan.people)]
    words += ["--packets", str(plan.packets), "--duration", f"{plan.duration_s:g}", "--tagged", f"{plan.tagged:g}"]
    words += ["--seed", str(seed), "--workers", str(plan.workers), "--target", str(plan.target)]
    options = f"--{option} {value}" if value else ""
    root = Path(plan.root) / "mutants"
    return structs.replace(
        plan, seed=seed, options=options, argv=[*words, *options.split()], root=root, drain_s=drain_s
    )


def _worse(one: Value, other: Value) -> Value:
    order: tuple[Value, ...] = ("holds", "unknown", "violated")
    return max(one, other, key=order.index)
