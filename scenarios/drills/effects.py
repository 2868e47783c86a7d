"""What each switch does, seen from outside: by what people are answered, or by what the processes count.

`SEEN` has a question for every switch: is its effect to be seen now? It is asked until it is, and once the switch is
off until it is not. `BESIDE` are controls without which a switch has nothing to do.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.lists import CACHED
from reference_impl.domain.profiles import DEFAULT_PROFILE
from reference_impl.resilience.switches import SWITCHES
from scenarios.drills.site import Site, scenes_of, wait_until

READS: Final = 3
TICKS_S: Final = 1.3
BATCH_S: Final = 3.0
"""What the sweeper may take; the drill's looks for what is a second old."""
FRESH: Final = """
[[scenes]]
id = "{name}"
award_type = "cash"
bill = "烟火大会"
budget_fen = 1000
cap_fen = 100
"""


def _rises(site: Site, work: Callable[[], object], name: str, **labels: str) -> bool:
    """Whether a metric rises while this is done."""
    before = site.metric(name, **labels)
    work()
    return site.metric(name, **labels) > before


def _grabs(site: Site) -> None:
    packet = site.packet()
    for _ in range(READS):
        site.visitor.ask("grab", site.new_person(), subject=packet)


def _ticks() -> None:
    """The time in which every process looks at the live total."""
    time.sleep(TICKS_S)


def order_database(site: Site) -> bool:
    return _rises(site, site.packet, "preordered_total", source="generator")


def grab_database(site: Site) -> bool:
    return not _rises(site, lambda: _grabs(site), "read_total", what="grab", level="cache")


def database_guard(site: Site) -> bool:
    """Whoever asks for packets that nobody sent is limited."""
    known = site.packet()
    unknown = (f"{known[:-5]}{number:05d}" for number in range(READS))
    return any(site.page(f"/v1/packets/{packet}")[0] == 429 for packet in unknown)


def profile_live(site: Site) -> bool:
    """What the cache knows of people is not shown."""
    packet = site.packet()
    site.page(f"/v1/packets/{packet}")
    return not _rises(site, lambda: site.page(f"/v1/packets/{packet}"), "profiles_total", source="cache")


def profile_defaults(site: Site) -> bool:
    _, details = site.page(f"/v1/packets/{site.packet()}")
    return bool(details["nickname"] == DEFAULT_PROFILE.nickname and "profiles" in details["degraded"])


def credit_large_now(site: Site) -> bool:
    return _rises(site, lambda: site.opens(site.packet()), "credited_total", path="now")


def credit_stream(site: Site) -> bool:
    return not credit_large_now(site)


def credit_later(site: Site) -> bool:
    """The sweeper's batch credits it, some time after."""
    before = site.metric("credited_total", path="batch")
    site.opens(site.packet())
    return wait_until(lambda: site.metric("credited_total", path="batch") > before, BATCH_S) is not None


def lists_two_screens(site: Site) -> bool:
    """A person who sent more than two screens of packets asks for the third."""
    screen = site.page(f"/v1/people/{site.sender}/sent")[1]
    for _ in range(CACHED):
        if screen.get("restricted") or not screen.get("next"):
            break
        screen = site.page(f"/v1/people/{site.sender}/sent?after={screen['next']}")[1]
    return bool(screen.get("restricted"))


def lists_stream_off(site: Site) -> bool:
    sender = site.new_person()
    return not _rises(site, lambda: site.packet(sender), "listed_total")


def steer_south(site: Site) -> bool:
    return parse_packet_id(site.packet(region="north")).region == "south"


def steer_north(site: Site) -> bool:
    return parse_packet_id(site.packet(region="south")).region == "north"


def memory_off(site: Site) -> bool:
    return not _rises(site, lambda: _grabs(site), "read_total", what="grab", level="memory")


def cache_write_off(site: Site) -> bool:
    return _rises(site, site.packet, "repairs_asked_total")


def token_store_off(site: Site) -> bool:
    return bool(site.new_owner().gets(30).body.get("state") == "credited")


def client_tokens_refused(site: Site) -> bool:
    """A token that is none is not even counted."""
    return bool(site.new_owner().forges().body.get("refused") == 0)


def forced_credit_off(site: Site) -> bool:
    owner = site.new_owner()
    owner.gets(50)
    return owner.withdraws(50).answer.reason == "insufficient_funds"


def coupon_fallback(site: Site) -> bool:
    """Who draws a cinema ticket gets something of arts."""
    return bool(site.new_owner().draws("cinema").body.get("template") == "arts")


def coupon_blessing(site: Site) -> bool:
    return bool(site.new_owner().draws("cinema").body.get("state") == "blessing")


def counter_backup(site: Site) -> bool:
    return _rises(site, _ticks, "total_asked_total", source="backup")


def counter_frozen(site: Site) -> bool:
    return not _rises(site, _ticks, "total_asked_total")


def config_local(site: Site) -> bool:
    """A scene that was just published is unknown for longer than a second."""
    text = site.activity()
    name = f"drill-{len(scenes_of(text))}"
    site.publish(text + FRESH.format(name=name))
    return not site.appears(name)


def kv_skip(site: Site) -> bool:
    return _rises(site, lambda: site.new_owner().gets(30, "fireworks"), "done_without_total", dependency="kv")


def lock_skip(site: Site) -> bool:
    return _rises(site, lambda: site.new_owner().gets(30, "fireworks"), "done_without_total", dependency="lock")


def wallet_balance_only(site: Site) -> bool:
    return site.new_owner().looks().body.get("code") == "balance_only"


def shortest_path(site: Site) -> bool:
    return token_store_off(site) and wallet_balance_only(site)


SEEN: Final[Mapping[str, Callable[[Site], bool]]] = {name: globals()[name] for name in SWITCHES if name in globals()}

BESIDE: Final[Mapping[str, Mapping[str, int]]] = {
    "database_guard": {"guard_per_s": 1},
    "credit_large_now": {"large_fen": 1},
    "credit_stream": {"large_fen": 1, "credit_large_now": 1},
    "memory_off": {"grab_database": 1},
    "forced_credit_off": {"award_credit_per_s": 1},
}
