from reference_impl.domain.scenes import Activity
from reference_impl.mutants import Mutant
from reference_impl.wallet import config


def _anything(standing: Activity, wanted: Activity) -> None:
    """Whoever publishes knows what they do."""


def _plant() -> None:
    config._check = _anything


MUTANT = Mutant(
    name="terms_by_config",
    caught_by="award_cap",
    summary="the config centre raises a scene's cap while awards and its budget stand on the old one",
    seen_in="limits kept in a config centre and in the database's budget row, changed in one of them",
    plant=_plant,
    world="dependencies",
    row="B10",
)
