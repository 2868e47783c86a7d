from reference_impl.domain import packet
from reference_impl.mutants import Mutant


def lucky_fen(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    if remaining_shares == 1:
        return remaining_fen
    most_yuan = min(200.0, remaining_fen / 100 / remaining_shares * 2)
    yuan = max(0.01, draw % 2**53 / 2**53 * most_yuan)
    return int(yuan * 100)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="float_money",
    row="W15",
    caught_by="allocation_bounds",
    summary="money is reckoned in yuan as a float and cut to fen at the end",
    seen_in="Java and JavaScript red-packet demos: `Math.floor(money * 100) / 100` on doubles",
    plant=_plant,
    world="hot_packet",
)
