"""The bank, as the wallet sees it: money is sent under the withdrawal's number, and a number is sent once."""

from typing import Literal, Protocol

Outcome = Literal["paid", "refused", "unknown"]


class Bank(Protocol):
    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        """Pay out; asking again with the same number changes nothing. `unknown`: it may have happened."""

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        """What became of a number; one that the bank has never seen is refused, and stays so."""
