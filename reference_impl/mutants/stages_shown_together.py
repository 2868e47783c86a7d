from reference_impl.domain.stages import STAGES, in_stage
from reference_impl.mutants import Mutant
from reference_impl.wallet import page
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import Family

_family_of = page.family_of


def _in_every_stage(desk: Desk, act: int) -> Family:
    family = _family_of(desk, act)
    selves = (in_stage(each, stage) for stage in STAGES for each in family.acts)
    return family._replace(acts=tuple(dict.fromkeys((*family.acts, *selves))))


def _plant() -> None:
    page.family_of = _in_every_stage


MUTANT = Mutant(
    name="stages_shown_together",
    caught_by="wallet_view_complete",
    summary="the wallet page gathers a person's awards of all stages: what was given in a test is shown as theirs",
    seen_in="pages that look up by user where rows carry an environment",
    plant=_plant,
    world="stages",
    row="B22",
)
