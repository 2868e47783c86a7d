from functools import partial

from reference_impl.mutants import Mutant
from reference_impl.mutants.reconciled import never_reconciled
from reference_impl.mutants.weather import stream_stumbles
from reference_impl.reconcile import lists

MUTANT = Mutant(
    name="lists_never_reconciled",
    caught_by="lists_agree",
    summary="a message about somebody's list is lost, and nothing ever compares lists with orders",
    seen_in="feeds and order histories that a queue fills, where nobody reads the queue's dead letters",
    plant=partial(never_reconciled, lists),
    weather=stream_stumbles,
    world="lists",
    row="W02",
)
