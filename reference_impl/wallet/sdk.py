"""What another service of the campaign embeds instead of asking the wallet over HTTP (B21).

    with open_sdk(settings, "game-1") as wallet:
        wallet.balance(act)

`settings` are the deployment's own, also its data folder, where the token keys are; an embedded cache is inside one
process, and there the SDK has to be in it too.

Its answers are those of the HTTP routes, for both are made by `asking.py`; a refusal is raised instead of answered. It
works on the deployment's own ledger, order rows, tokens and controls, and holds nothing of a person, so that it is safe
beside any number of processes: what two force-credit at once the ledger's key lets in once (Money rule 6).

`tagged` is the tag of the request that the service is serving: it goes along, and must fit the act_id (Money rule 11).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from reference_impl.domain.acts import check_act
from reference_impl.domain.errors import Refused
from reference_impl.stores.cache import CacheError
from reference_impl.system import System
from reference_impl.wallet import asking
from reference_impl.wallet.desk import Desk


class Sdk:
    """Threads may share it."""

    def __init__(self, system: System) -> None:
        if system.desk is None:
            raise ValueError("there is no wallet without an activity")
        self.system = system
        self._desk: Desk = system.desk
        self._closed = False

    def balance(self, act: int, *, tagged: bool = False) -> asking.Owned:
        """What a person owns, in fen. Raises Refused: bad_request, tag_mismatch, unavailable."""
        with _answered(act, tagged):
            return asking.balance(self.system, self._desk, act)

    def has_got(self, act: int, scene: str, rain: str, *, tagged: bool = False) -> asking.Got:
        """Whether a person has got a scene's award of an occurrence. Raises Refused: bad_request, tag_mismatch,
        unknown_scene, bad_order, unavailable.
        """
        with _answered(act, tagged):
            return asking.has_got(self.system, self._desk, act, scene, rain)

    def force_credit(self, act: int, tokens: Sequence[str] = (), *, tagged: bool = False) -> asking.Forced:
        """Credit now what a person was promised, also by the tokens that only their client has. Raises Refused:
        bad_request, tag_mismatch, limited, unavailable (it may have happened: ask again).
        """
        with _answered(act, tagged):
            return asking.force_credit(self.system, self._desk, act, tokens)

    def look(self) -> None:
        """Learn what operators have set and how the activity is configured (B17)."""
        self.system.controls.refresh()
        self._desk.config.refresh(local=self.system.controls.on("config_local"))

    def watch(self) -> None:
        """Look again and again until it is closed."""
        while not self._closed:
            self.look()
            self.system.runtime.sleep(self.system.settings.controls_every_s)

    def close(self) -> None:
        self._closed = True
        self.system.close()

    def __enter__(self) -> "Sdk":
        return self

    def __exit__(self, *_error: Any) -> None:
        self.close()


@contextmanager
def _answered(act: int, tagged: bool) -> Iterator[None]:
    """As the API does: who and what is checked first, and a store that does not answer is a refusal."""
    check_act(act, tagged)
    try:
        yield
    except (sa.exc.SQLAlchemyError, CacheError) as error:
        raise Refused("unavailable") from error
