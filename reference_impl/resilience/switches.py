"""The switches and dials that operators set while the system runs, as data (B17). docs/switches.md is made from it.

A switch is off until somebody sets it to 1. A dial holds a whole number within its bounds. Of those that exclude each
other, the one further down wins. One that brings others along puts them in force with itself.
"""

from typing import Any, Final, NamedTuple


class Switch(NamedTuple):
    dependency: str
    """What it takes the place of when that fails or is too slow."""
    strength: str
    """strong: without it money does not move; weak: users see less, or later."""
    effect: str
    excludes: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    """Switches that are in force while it is."""


class Dial(NamedTuple):
    default: int
    least: int
    most: int
    unit: str
    effect: str


SWITCHES: Final[dict[str, Switch]] = {
    "order_database": Switch(
        "order cache", "weak", "preorders go straight to the database, numbered by the generator (W16)"
    ),
    "grab_database": Switch("grab cache", "weak", "grabs ask the database, under its guard (W17)"),
    "database_guard": Switch("order database", "strong", "what readers ask of the database is limited (W12, W17)"),
    "profile_live": Switch("profile cache", "weak", "nicknames and avatars come from the profile service (W18)"),
    "profile_defaults": Switch(
        "profile service", "weak", "everybody has the default nickname and avatar (W18)", ("profile_live",)
    ),
    "credit_large_now": Switch(
        "credit stream", "weak", "what is large is credited in the open, what is small by stream (W19)"
    ),
    "credit_stream": Switch("credit stream", "weak", "everything is credited by stream (W19)", ("credit_large_now",)),
    "credit_later": Switch(
        "ledger",
        "strong",
        "what is opened from now on is credited by a batch from vouchers (W19)",
        ("credit_large_now", "credit_stream"),
    ),
    "lists_two_screens": Switch("user lists", "weak", "lists end after two screens (W20)"),
    "lists_stream_off": Switch("user lists", "weak", "lists are not written; reconciliation writes them later (W20)"),
    "steer_south": Switch("north's order databases", "strong", "every new packet goes south (W03)"),
    "steer_north": Switch("south's order databases", "strong", "every new packet goes north (W03)", ("steer_south",)),
    "memory_off": Switch("process memory", "weak", "readers do not use the process's own memory (W08)"),
    "cache_write_off": Switch("cache", "weak", "the cache is written from the repair stream only (W09)"),
    "token_store_off": Switch("token Redis", "weak", "awards go by order row; users see the delay of crediting (B10)"),
    "client_tokens_refused": Switch("token keys", "weak", "tokens that clients present are not looked at (B09)"),
    "forced_credit_off": Switch(
        "ledger", "strong", "nothing is credited before its turn, neither for a withdrawal nor for who asks (B08, B21)"
    ),
    "coupon_fallback": Switch(
        "coupon stock", "weak", "scenes that have a fallback coupon give that instead of their own (B12)"
    ),
    "coupon_blessing": Switch(
        "coupon stock", "weak", "coupon scenes give a blessing, and nothing is counted (B12)", ("coupon_fallback",)
    ),
    "counter_backup": Switch("live total's Redis", "weak", "the live total is read from the backup Redis (B13)"),
    "counter_frozen": Switch(
        "live total's Redis",
        "weak",
        "each process shows the live total that it knew last, and counts in its memory (B13)",
        ("counter_backup",),
    ),
    "config_local": Switch(
        "config centre", "strong", "the activity is read from the local copy; what is published waits (B10)"
    ),
    "kv_skip": Switch("KV store", "weak", "whether an order was given is asked of the databases alone (B10)"),
    "lock_skip": Switch("lock Redis", "weak", "a person's awards run side by side; the unique key decides (B10)"),
    "wallet_balance_only": Switch(
        "ledger", "strong", "the wallet page shows the balance that is credited, and no flow (B07)"
    ),
    "shortest_path": Switch(
        "every weak dependency",
        "weak",
        "cash is credited at once by compute and the databases alone (B11)",
        brings=("token_store_off", "config_local", "kv_skip", "lock_skip", "wallet_balance_only"),
    ),
}

DIALS: Final[dict[str, Dial]] = {
    "large_fen": Dial(1000, 1, 20_000, "fen", "from here on an amount is large, for credit_large_now (W19)"),
    "award_credit_per_s": Dial(
        0, 0, 10**6, "1/s", "awards that one consumer credits in a second; 0: as many as it can (B08)"
    ),
    "north_percent": Dial(
        -1, -1, 100, "%", "this share of new packets goes north; -1: by the sender's access point (W03)"
    ),
    "send_per_s": Dial(0, 0, 1_000_000, "/s", "so many packets a second are sent by one process; 0: no limit (W12)"),
    "grab_per_s": Dial(
        0, 0, 1_000_000, "/s", "so many grabs a second go on to opening in one process; 0: no limit (W12)"
    ),
    "open_per_s": Dial(0, 0, 1_000_000, "/s", "so many opens a second are taken by one process; 0: no limit (W12)"),
    "guard_per_s": Dial(
        500, 0, 1_000_000, "/s", "so many readers a second of one process pass the database's guard; 0: no limit (W17)"
    ),
    "force_per_s": Dial(
        0, 0, 1_000_000, "/s", "so many a second are force-credited by one process, also an SDK's; 0: no limit (B21)"
    ),
    "link_delay_ms": Dial(0, 0, 10_000, "ms", "the cross-city link holds what it carries for so long (W01)"),
}

NAMES: Final = (*SWITCHES, *DIALS)
EXCLUDED_BY: Final = {name: tuple(by for by, each in SWITCHES.items() if name in each.excludes) for name in NAMES}
BROUGHT_BY: Final = {name: tuple(by for by, each in SWITCHES.items() if name in each.brings) for name in NAMES}


def described(name: str) -> dict[str, Any]:
    """What the table says of a switch or dial, and which of the two it is."""
    if name in DIALS:
        return {"kind": "dial", **DIALS[name]._asdict()}
    return {"kind": "switch", "default": 0, **SWITCHES[name]._asdict()}


def default_of(name: str) -> int:
    """What holds until somebody sets it."""
    return DIALS[name].default if name in DIALS else 0


def fits(name: str, value: int) -> bool:
    """Whether a switch or dial can have this value."""
    if name in DIALS:
        return DIALS[name].least <= value <= DIALS[name].most
    return name in SWITCHES and value in (0, 1)
