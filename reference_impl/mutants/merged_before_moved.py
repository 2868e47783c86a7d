from reference_impl.domain.acts import is_tagged_act
from reference_impl.ledger import merges
from reference_impl.mutants import Mutant
from reference_impl.reconcile import merges as reconciling
from reference_impl.system import System
from reference_impl.wallet import identities, withdrawal
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import Alias


def _finish(system: System, desk: Desk, merging: tuple[Alias, ...]) -> None:
    for alias in merging:
        tagged = is_tagged_act(alias.act)
        identities.note_moved(desk, alias)
        merges.move(system.ledger, alias.act, alias.into, tagged)


def _plant() -> None:
    for module in (identities, reconciling, withdrawal):
        module.finish = _finish


MUTANT = Mutant(
    name="merged_before_moved",
    caught_by="merge_preserves",
    summary="a merge is noted as finished before its money moves, and nobody goes on with one that was interrupted",
    seen_in="account merges in two steps without a state in between that says which of them is to be repeated",
    plant=_plant,
    world="merge",
    row="B01",
)
