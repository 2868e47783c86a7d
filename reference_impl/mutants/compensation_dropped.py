from reference_impl.mutants import Mutant
from reference_impl.packets import consuming


def _plant() -> None:
    consuming.is_dead = lambda *_: True


MUTANT = Mutant(
    name="compensation_dropped",
    row="W06",
    caught_by="exactly_once_credit",
    summary="a credit that failed once is a dead letter, and nobody reads those",
    seen_in="queues with a dead-letter exchange that has no consumer",
    plant=_plant,
    beside="lost_stream_write",
    world="credit",
)
