"""In what ways stores can disagree about an award (B14)."""

from typing import Final

DIFFERENCES: Final = {
    "lost": "promised, and in no account",
    "other_amount": "credited with another amount than was promised",
    "double": "credited by an entry that is no award's",
    "unordered": "credited, and neither an order row nor a token says that it was given",
    "unplayed": "credited in a scene of ours, and the game has no record of it",
    "unawarded": "recorded by the game, and nobody promised or credited it",
    "overspent": "a scene's awards come to more than its budget",
    "over_cap": "an award is above its scene's cap",
}
