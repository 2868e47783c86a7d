"""What people see where nothing else is known (W13, W18)."""

from typing import Final

import msgspec


class Profile(msgspec.Struct, frozen=True):
    nickname: str
    avatar: str


DEFAULT_PROFILE: Final = Profile("红包用户", "/avatars/default.png")
DEFAULT_BLESSING: Final = "恭喜发财，大吉大利"
