from collections.abc import Sequence

from msgspec.structs import replace

from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import page as paging
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.page import Page

_page = paging.page


def _with_tokens(system: System, desk: Desk, act: int, presented: Sequence[str]) -> Page:
    shown = _page(system, desk, act, presented)
    if shown.flow is not None:
        return shown
    promised = paging.promises(system, desk, family_of(desk, act), presented).awards
    waiting_fen = sum(award.amount_fen for award in promised.values())
    return replace(shown, balance_fen=shown.balance_fen + waiting_fen, waiting=len(promised))


def _plant() -> None:
    paging.page = _with_tokens


MUTANT = Mutant(
    name="balance_with_tokens",
    caught_by="wallet_view_complete",
    summary="the page that shows the balance only adds all tokens to it, credited ones too: which are is not asked",
    seen_in="wallets that show balance and pending rewards as one sum while the reward is in both",
    plant=_plant,
    world="dependencies",
    row="B07",
)
