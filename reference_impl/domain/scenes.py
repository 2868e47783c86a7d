"""An activity and its scenes, as configuration: a scene stands for one award type's terms (B05). Unknown keys are
refused when the file is loaded."""

from typing import Annotated, Final, Literal

import msgspec

from reference_impl.domain.stages import Pilot

Fen = Annotated[int, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,16}$")]

MONEY: Final = ("cash", "video")
"""Award types that are money: cash, and the video subsidy."""

AWARD_TYPES: Final = {
    "cash": "cash",
    "video": "video subsidy",
    "ads": "advertiser's coupon",
    "shop": "e-commerce coupon",
    "pay": "payment coupon",
    "credit": "consumer credit coupon",
    "insurance": "insurance coupon",
    "card": "credit card coupon",
    "tea": "tea coupon",
    "cinema": "cinema coupon",
    "douplus": "dou+ coupon",
    "arts": "arts coupon",
    "pendant": "avatar pendant",
}
"""What can be given (B03)."""


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Name
    award_type: str
    bill: str
    """What the bill says."""
    path: Literal["token", "direct"] = "direct"
    """token: a signed promise now, credited when there is room (B08); direct: an order row first."""
    budget_fen: Fen = 0
    """Of all awards of one stage (B14)."""
    cap_fen: Fen = 0
    """Of one award (B14)."""
    stock: Count = 0
    """Coupons there are, in one stage (B12)."""
    fallback: str = ""
    """The scene whose coupon is given once less than a tenth of the stock is left; none: no other (B12)."""
    blessing: str = ""
    """What is said once no coupon can be given; none: the award is refused (B12)."""
    compensate: bool = True
    """Whether what failed is tried again until it is given."""
    limit_per_s: Count = 0
    """Awards a process gives in a second; 0: no limit."""
    reconcile_h: Literal[0, 1, 2] = 1
    """Within how many hours orders and credits are compared; 0: never."""
    plugins: tuple[str, ...] = ()
    game: str = ""
    """The game of ours that alone gives its awards, which are compared with that game's record (B14); none: others."""


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A campaign: one mother activity with its scenes."""

    id: Name
    scenes: tuple[Scene, ...]
    ends_us: int = 0
    """Tokens are good until then; 0: without end."""
    pilot: Pilot | None = None
    """How far it is rolled out; none: it is live, and always was (B22)."""

    def scene(self, name: str) -> Scene | None:
        return next((scene for scene in self.scenes if scene.id == name), None)


def load_activity(text: str) -> Activity:
    """Read an activity's TOML. Raises msgspec.ValidationError that says what is wrong where."""
    activity = msgspec.toml.decode(text, type=Activity)
    names = [scene.id for scene in activity.scenes]
    for scene in activity.scenes:
        if scene.award_type not in AWARD_TYPES:
            raise msgspec.ValidationError(
                f"scene {scene.id}: award_type {scene.award_type!r} is none that can be given"
            )
        if scene.award_type in MONEY and not (0 < scene.cap_fen <= scene.budget_fen):
            raise msgspec.ValidationError(f"scene {scene.id}: money needs 0 < cap_fen <= budget_fen")
        if names.count(scene.id) > 1:
            raise msgspec.ValidationError(f"scene {scene.id} stands twice")
        if scene.award_type not in MONEY:
            _check_coupon(activity, scene)
    return activity


def _check_coupon(activity: Activity, scene: Scene) -> None:
    """Raises msgspec.ValidationError for a coupon's scene whose terms do not fit (B12)."""
    if scene.stock < 1:
        raise msgspec.ValidationError(f"scene {scene.id}: a coupon needs a stock")
    if scene.path != "direct":
        raise msgspec.ValidationError(f"scene {scene.id}: a coupon is given directly, tokens are for money")
    fallback = activity.scene(scene.fallback)
    if scene.fallback and (fallback is None or fallback is scene or fallback.award_type in MONEY):
        raise msgspec.ValidationError(f"scene {scene.id}: fallback {scene.fallback!r} is no other coupon's scene")
