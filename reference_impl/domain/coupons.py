"""A coupon template's stock, and what is given when it ends (B12). A template is named by its scene.

Each count is a count of units. A unit is a number in one of the parts that a stock is split into.
"""

from typing import Final, NamedTuple

from reference_impl.domain.scenes import MONEY, Activity, Scene

SURPLUS_PERCENT: Final = 5
"""Prepared beyond what is configured, against units that time-outs burn."""
LOW_PERCENT: Final = 10
"""Of what is prepared; with less than that left, something else is given where there is something else."""


class Offer(NamedTuple):
    """A coupon that may be given. `spares`: its last tenth is kept back, for there is something else to give."""

    scene: Scene
    spares: bool


def is_coupon(scene: Scene) -> bool:
    """Whether a scene gives a coupon or a pendant; otherwise it gives money (B03)."""
    return scene.award_type not in MONEY


def prepared(stock: int) -> int:
    """The units there are for a stock of so many."""
    return stock * (100 + SURPLUS_PERCENT) // 100


def quota(units: int, part: int, parts: int) -> int:
    """How many of the units belong to a part, counted from 0; the quotas of all parts sum to the units."""
    return units // parts + (part < units % parts)


def is_low(left: int, units: int) -> bool:
    """Whether less than a tenth of the units is left, or none."""
    return left <= 0 or left * 100 < units * LOW_PERCENT


def offers(activity: Activity, scene: Scene, *, fallback_only: bool) -> list[Offer]:
    """What a scene gives, the first that there is; after the last of them its blessing, or nothing."""
    fallback = activity.scene(scene.fallback)
    if fallback is None:
        return [Offer(scene, spares=bool(scene.blessing))]
    second = Offer(fallback, spares=False)
    return [second] if fallback_only else [Offer(scene, spares=True), second]
