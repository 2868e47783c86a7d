from collections.abc import Sequence

from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import page
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import Family
from reference_impl.wallet.page import Promises

_promises = page.promises


def _of_the_holder(system: System, desk: Desk, family: Family, presented: Sequence[str]) -> Promises:
    return _promises(system, desk, Family(family.acts[:1]), presented)


def _plant() -> None:
    page.promises = _of_the_holder


MUTANT = Mutant(
    name="alias_tokens_left_out",
    caught_by="wallet_view_complete",
    summary="after a merge the page looks for tokens under one act_id only: what waits under the other is not shown",
    seen_in="lookups by the new id after an account merge, while rows and keys still bear the old one",
    plant=_plant,
    world="merge",
    row="B01",
)
