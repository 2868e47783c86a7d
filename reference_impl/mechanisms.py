"""Every mechanism that is built, as data: what it is, where its code stands, which invariants show it. W rows are the
group packet's, B rows the festival wallet's.

docs/mechanisms.md is made from it. Files whose first docstring names a row are the row's too; its tests have its id in
their names (`test_w06_…`), its mutants have it as their `row`.
"""

from typing import Final, NamedTuple


class Mechanism(NamedTuple):
    title: str
    files: tuple[str, ...]
    """Where its code stands, below this package."""
    invariants: tuple[str, ...] = ()


MECHANISMS: Final[dict[str, Mechanism]] = {
    "W01": Mechanism(
        "two regions whose orders never meet; a packet's id says where it lives",
        ("domain/identifiers.py", "system.py", "settings.py"),
        ("region_closure",),
    ),
    "W02": Mechanism("people's lists have one home", ("stores/list_tables.py",), ("lists_agree",)),
    "W03": Mechanism(
        "operators steer new packets", ("resilience/controls.py", "resilience/switches.py", "measuring.py")
    ),
    "W04": Mechanism(
        "new packets leave a region whose database fails", ("packets/send.py",), ("no_lost_acknowledgement",)
    ),
    "W05": Mechanism(
        "unpaid orders live in the cache alone", ("packets/send.py", "packets/pay.py"), ("packet_funded_once",)
    ),
    "W06": Mechanism(
        "an open leaves a voucher; the account is credited from a stream",
        ("packets/crediting.py", "packets/consuming.py", "stores/stream.py", "reconcile/vouchers.py"),
        ("exactly_once_credit", "no_lost_acknowledgement"),
    ),
    "W07": Mechanism("details show vouchers, credited or not", ("packets/details.py",)),
    "W08": Mechanism("reads ask memory, then the cache, then the database", ("packets/views.py", "packets/details.py")),
    "W09": Mechanism(
        "the cache is written after the database, repaired and reconciled", ("packets/publish.py",), ("cache_agrees",)
    ),
    "W10": Mechanism("all requests of a packet reach one process", ("packets/open.py",), ("one_open_per_user",)),
    "W11": Mechanism(
        "a cap on the opens of a packet in the database; those that wait share a transaction",
        ("packets/group_commit.py", "packets/open.py"),
        ("cap_respected", "open_order", "no_overspend"),
    ),
    "W12": Mechanism(
        "flow control at sending, grabbing and opening", ("packets/grab.py",), ("sold_out_is_final", "no_phantom")
    ),
    "W13": Mechanism("the order's row holds key fields only", ("domain/packet.py", "stores/layout.py")),
    "W14": Mechanism("tables by shard and day; cold days move away", ("stores/layout.py",), ("hot_cold_once",)),
    "W15": Mechanism(
        "the allocation of shares",
        ("domain/allocation.py",),
        ("allocation_bounds", "conservation", "no_overspend"),
    ),
    "W16": Mechanism("packets are sent while the order cache is gone", ("packets/numbers.py",), ("ids_unique",)),
    "W17": Mechanism("grabs are answered while the cache is gone", ("packets/grab.py",), ("no_phantom",)),
    "W18": Mechanism("nicknames: cache, profile service, defaults", ("resilience/switches.py",)),
    "W19": Mechanism("crediting in levels", ("packets/crediting.py",), ("exactly_once_credit",)),
    "W20": Mechanism("lists of two screens under pressure", ("stores/list_tables.py",), ("lists_agree",)),
    "W21": Mechanism(
        "what nobody opened goes back, once, after its time",
        ("packets/expiry.py",),
        ("refund_once_after_expiry", "conservation"),
    ),
    "W22": Mechanism(
        "the same key gets the same answer",
        ("packets/send.py", "packets/pay.py", "domain/packet.py"),
        ("one_open_per_user", "idempotent_requests"),
    ),
    "W23": Mechanism("a packet with a code instead of a group", ("packets/send.py",)),
    "B01": Mechanism(
        "one act_id over eight apps; who turns out to be one person is merged",
        ("wallet/identities.py", "wallet/login.py", "ledger/merges.py"),
        ("merge_preserves",),
    ),
    "B02": Mechanism(
        "games: each play decided once, recorded, and then awarded",
        ("domain/games/__init__.py", "routes/games.py", "reconcile/games.py"),
        ("split_exact", "plays_awarded"),
    ),
    "B03": Mechanism("a new type of award is configuration", ("wallet/activity.toml",), ("no_lost_coupon",)),
    "B04": Mechanism(
        "one protocol for every game", ("stores/wallet_tables.py",), ("idempotent_orders", "no_lost_award")
    ),
    "B05": Mechanism("a scene stands for one award type's terms", ("wallet/activity.toml",), ("award_cap",)),
    "B06": Mechanism("an order number names a person's award", ("wallet/award.py",), ("idempotent_orders",)),
    "B07": Mechanism("one page over eight apps", ("routes/wallet.py",), ("wallet_view_complete",)),
    "B08": Mechanism(
        "signed tokens now, credits when there is room",
        ("wallet/token_store.py", "wallet/crediting.py"),
        ("wallet_view_complete", "no_lost_award"),
    ),
    "B09": Mechanism(
        "what nobody sealed is refused, and keys can be retired",
        ("wallet/keys.py", "wallet/page.py"),
        ("token_integrity",),
    ),
    "B10": Mechanism(
        "strong dependencies have a stand-in, weak ones are done without; MariaDB's replica is promoted",
        ("resilience/weak.py",),
        ("idempotent_orders", "no_lost_award"),
    ),
    "B11": Mechanism("the shortest path", ("resilience/switches.py", "wallet/award.py"), ("within_budget",)),
    "B12": Mechanism("a coupon's stock on split keys", ("wallet/coupons.py",), ("coupon_stock", "no_lost_coupon")),
    "B13": Mechanism("the live total", ("routes/wallet.py", "reconcile/total.py"), ("counter_monotone",)),
    "B14": Mechanism(
        "budgets, caps, and looking at every award once more",
        ("wallet/budget.py", "reconcile/slices.py", "reconcile/comparing.py"),
        ("within_budget", "award_cap", "budget_settled"),
    ),
    "B15": Mechanism("alarms with something to do", ("resilience/alarms.py", "resilience/exporter.py")),
    "B17": Mechanism("switches, in force within a second", ("resilience/switches.py", "resilience/controls.py")),
    "B21": Mechanism(
        "a library call in place of a hop",
        ("wallet/sdk.py", "bootstrap.py"),
        ("ledger_balances", "wallet_view_complete"),
    ),
    "B22": Mechanism(
        "stages whose data are apart; who is in which is pinned", ("domain/stages.py",), ("stage_isolation",)
    ),
    "B23": Mechanism(
        "withdrawal to a bank", ("wallet/withdrawal.py", "wallet/bank_books.py"), ("bank_agrees", "no_negative_balance")
    ),
    "B24": Mechanism("coupons and pendants are used once", ("wallet/coupons.py",), ("coupon_used_once",)),
}
