"""Logging in from one of eight apps, and bringing a phone number, then or later (B01)."""

from collections.abc import Sequence

from reference_impl.domain.identities import Identity
from reference_impl.system import System
from reference_impl.wallet import identities
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.page import credit_family


def login(system: System, desk: Desk, who: Identity, phone: str | None, presented: Sequence[str], tagged: bool) -> int:
    """The act_id of whoever logs in."""
    act = identities.enter(desk, who, phone, tagged)
    return bind(system, desk, act, phone, presented) if phone else act


def bind(system: System, desk: Desk, act: int, phone: str, presented: Sequence[str] = ()) -> int:
    """The act_id of a person who brings a phone number: that of the number, if another brought it before.

    What the person was promised is credited first, also what only their client kept: nobody could find that under
    another act_id, and would give it again.
    """
    credit_family(system, desk, identities.family(desk, act), presented)
    joined = identities.learn(desk, act, phone)
    identities.finish(system, desk, identities.family(desk, joined).merging)
    return joined
