"""Do the invariants find bugs, and nothing but bugs? Every mutant is tried where its file says it dies, and the
invariant meant to catch it must; beside them the clean system is played, and nobody may be accused.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from harness.plugins import Mutant
from harness.progress import Teller
from harness.run import Plan
from harness.trial import nights, proofs, schedules
from harness.trial.verdicts import UNDER, Trial, Under
from invariants.verdict import Value


class Campaign(Struct, frozen=True):
    """All mutants. `matrix`: mutant → invariant → verdict; `controls`: clean night or schedules → the same;
    `accusations`: those in which some invariant was said to be violated; `died_in`: how many were killed where.
    """

    killed: int
    total: int
    survivors: list[str]
    accusations: list[str]
    died_in: dict[Under, int]
    matrix: dict[str, dict[str, Value]]
    controls: dict[str, dict[str, Value]]
    trials: dict[str, Trial]

    @property
    def passed(self) -> bool:
        return not self.survivors and not self.accusations


def campaign(
    mutants: Mapping[str, Mutant], plan: Plan, teller: Teller, clean: int, under: Under | None = None
) -> Campaign:
    """Tries every mutant where it dies, or all `under` one; `plan`: what a night under load is like."""
    where: dict[Under, dict[str, Mutant]] = {
        place: {name: mutant for name, mutant in mutants.items() if (under or mutant.dies_in) == place}
        for place in UNDER
    }
    simulated = where["simulation"] | where["innodb"]
    trials: dict[str, Trial] = {}
    for name, mutant in simulated.items():
        trials[name] = _told(name, mutant, teller, lambda mutant=mutant: schedules.trial(mutant, plan.seed))  # type: ignore[misc]
    for name, mutant in where["load"].items():
        trials[name] = _told(name, mutant, teller, lambda mutant=mutant: nights.trial(mutant, plan, teller))  # type: ignore[misc]
    if where["proof"]:
        teller.phase("mutant", f"{len(where['proof'])} under proof")
        trials |= proofs.trials(where["proof"])
    controls = dict(_controls(simulated, where["load"], plan, teller, clean))
    survivors = [name for name, tried in trials.items() if not tried.killed]
    return Campaign(
        killed=len(trials) - len(survivors),
        total=len(trials),
        survivors=survivors,
        accusations=[told for told, verdicts in controls.items() if "violated" in verdicts.values()],
        died_in={place: sum(tried.killed and tried.under == place for tried in trials.values()) for place in UNDER},
        matrix={name: tried.verdicts for name, tried in trials.items()},
        controls=controls,
        trials=trials,
    )


def _controls(
    simulated: Mapping[str, Mutant], loaded: Mapping[str, Mutant], plan: Plan, teller: Teller, clean: int
) -> Iterator[tuple[str, dict[str, Value]]]:
    if simulated:
        teller.phase("control", "clean schedules of the same worlds")
        yield from schedules.controls(simulated.values(), plan.seed)
    if loaded:
        yield from nights.controls(loaded, plan, teller, clean)


def _told(name: str, mutant: Mutant, teller: Teller, attempt: Callable[[], Trial]) -> Trial:
    teller.phase("mutant", f"{name}, to be caught by {mutant.caught_by}")
    tried = attempt()
    teller.phase("mutant", f"{name} {'is killed' if tried.killed else 'SURVIVES'}")
    return tried
