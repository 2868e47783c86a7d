"""Mutants under load: nights with a bug planted, and nights of the clean system in the same surroundings."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import structs

from harness.config import ConfigError
from harness.plugins import Mutant
from harness.progress import Teller
from harness.run import Plan, run
from harness.trial.verdicts import Trial, worse
from invariants.verdict import Value

NIGHTS_MOST: Final = 5
"""How many nights, each with the next seed, a mutant may survive before it counts as a survivor."""

_DRAIN_S: Final = 8.0
"""A mutant that loses work never finishes it."""


def trial(mutant: Mutant, plan: Plan, teller: Teller) -> Trial:
    """Nights like `plan` with one mutant until the invariant named in its file says violated: another's alarm does not
    count.
    """
    nights = 0
    verdicts: dict[str, Value] = {}
    path = ""
    while verdicts.get(mutant.caught_by) != "violated" and nights < NIGHTS_MOST:
        results = run(_night(plan, plan.seed + nights, "mutant", mutant.name, drain_s=_DRAIN_S), teller)
        nights += 1
        path = results.run.path
        for name, verdict in results.invariants.items():
            verdicts[name] = worse(verdicts.get(name, "holds"), verdict.verdict)
        if mutant.caught_by not in verdicts:
            raise ConfigError(f"mutant {mutant.name}: its invariant {mutant.caught_by} is not claimed by the target")
    killed = verdicts[mutant.caught_by] == "violated"
    return Trial(killed=killed, under="load", caught_by=mutant.caught_by, verdicts=verdicts, tries=nights, path=path)


def controls(
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
