"""Red-packet rain: a shower brings cash, a video subsidy or a coupon (B02). Its shares and amounts are ours."""

from typing import Final

from reference_impl.domain.games.win import Win

VIDEO_PERCENT: Final = 20
COUPON_PERCENT: Final = 10
COUPON: Final = "shop"
LEAST_FEN: Final = 8
MOST_FEN: Final = 888


def catch(occurrence: int, number: int) -> Win:
    """What a shower brings whom `number` is drawn for."""
    percent, rest = number % 100, number // 100
    if percent < COUPON_PERCENT:
        return Win(COUPON, f"rain-{occurrence}")
    scene = "subsidy" if percent < COUPON_PERCENT + VIDEO_PERCENT else "shower"
    return Win(scene, str(occurrence), LEAST_FEN + rest % (MOST_FEN - LEAST_FEN + 1))
