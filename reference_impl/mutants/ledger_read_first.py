from collections.abc import Sequence

from reference_impl.domain.acts import is_tagged_act
from reference_impl.ledger.awards import held
from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import page as paging
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.page import Page

_page, _held = paging.page, paging.held


def _the_other_way_round(system: System, desk: Desk, act: int, presented: Sequence[str]) -> Page:
    account = held(system.ledger, [act], is_tagged_act(act))
    paging.held = lambda *_: account
    try:
        return _page(system, desk, act, presented)
    finally:
        paging.held = _held


def _plant() -> None:
    paging.page = _the_other_way_round


MUTANT = Mutant(
    name="ledger_read_first",
    caught_by="wallet_view_complete",
    summary="the page reads what is credited before what is promised: what is credited in between stands in neither",
    seen_in="pages that join a settled list and a pending list by two reads in the handier order",
    plant=_plant,
    world="rain",
    row="B08",
)
