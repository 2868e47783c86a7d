from collections.abc import Sequence
from contextlib import suppress

from reference_impl.ledger.awards import Award, credit_awards
from reference_impl.mutants import Mutant
from reference_impl.stores.cache import CacheError
from reference_impl.system import System
from reference_impl.wallet import crediting
from reference_impl.wallet.desk import Desk


def _marks_first(system: System, desk: Desk, awards: Sequence[Award], tagged: bool) -> None:
    with suppress(CacheError):
        desk.tokens.mark_credited(awards)
    credit_awards(system.ledger, awards, tagged)


def _plant() -> None:
    crediting.credit = _marks_first


MUTANT = Mutant(
    name="marked_before_credited",
    caught_by="wallet_view_complete",
    summary="a token is marked as credited before its money is in the account: a page in between shows neither",
    seen_in="state machines that set 'done' first so that nobody else takes the job",
    plant=_plant,
    world="rain",
    row="B08",
)
