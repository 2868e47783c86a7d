"""Nights that no rule forbids are never accused, whatever was lost, retried or seen by a clock that is off."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import World

CLOCK_ERROR_NS = 2_000_000
FATES = st.sampled_from(["answered", "answered", "lost", "dropped"])
DELAYS = st.integers(0, 5_000_000)

attempts = st.tuples(FATES, DELAYS, DELAYS, st.integers(0, 8_000_000))
people = st.tuples(
    st.integers(11, 16), st.integers(0, 30_000_000), st.lists(attempts, min_size=1, max_size=4), st.booleans()
)
nights = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1_000),
        "shares": st.integers(1, 5),
        "spare_fen": st.integers(0, 300),
        "skews": st.tuples(*[st.integers(-CLOCK_ERROR_NS, CLOCK_ERROR_NS)] * 2),
        "lifetime_us": st.sampled_from([10**9, 15_000, 25_000]),
        "tag": st.booleans(),
        "people": st.lists(people, min_size=1, max_size=10),
    }
)


def requests(night: dict, start_ns: int) -> list[dict]:
    """All attempts of a night in the order in which they reach the system."""
    found = []
    for turn, (person, begin, tries, odd) in enumerate(night["people"]):
        sent_ns = start_ns + begin
        for fate, out_ns, back_ns, pause_ns in tries:
            found.append(
                {
                    "person": str(person),
                    "key": f"key-of-{person}-{turn}",
                    "fate": fate,
                    "sent_ns": sent_ns,
                    "arrive_ns": sent_ns + out_ns,
                    "done_ns": sent_ns + out_ns + back_ns,
                    "worker": "w1" if odd else "w0",
                }
            )
            sent_ns += pause_ns
    return sorted(found, key=lambda request: request["arrive_ns"])


def simulate(night: dict) -> World:
    first, second = night["skews"]
    world = World(night["seed"], {"w0": first, "w1": second}, CLOCK_ERROR_NS)
    packet = world.packet(
        total_fen=night["shares"] + night["spare_fen"],
        shares=night["shares"],
        lifetime_us=night["lifetime_us"],
        tag=night["tag"],
    )
    for request in requests(night, world.true_ns):
        world.open(packet, **request)
    world.expire(packet)
    return world.finish()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(nights)
def test_a_legal_night_is_never_accused(night: dict) -> None:
    """Random races, losses, retries, second keys, expiries and clocks within their error: no violation, ever."""
    assert simulate(night).complaints() == []


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(nights)
def test_a_swapped_sequence_is_found_as_soon_as_time_proves_it(night: dict) -> None:
    """The brute-force pairwise definition of a broken real-time order and `open_order` agree."""
    world = simulate(night)
    taken = world.rows["opens"]
    for row in world.rows["history"]:
        row.update(sequence=None, remaining_fen=None)
    left_fen = world.rows["packets"][0]["total_fen"]
    for sequence, row in enumerate(reversed(taken), start=1):
        left_fen -= row["amount_fen"]
        row.update(sequence=sequence, remaining_fen=left_fen)
    verdict = world.verdict("open_order")
    assert bool(verdict.violations) == any(proved_before(world, later, earlier) for earlier in taken for later in taken)


def proved_before(world: World, one: dict, other: dict) -> bool:
    """Was `one`, of a later sequence, surely answered before `other` was first asked for?"""
    if one["sequence"] <= other["sequence"]:
        return False
    asked = [row for row in world.rows["history"] if row["operation"] == "open" and row["outcome"] != "fail"]
    mine, others = (
        [row for row in asked if (row["person"], row["key"]) == (side["person"], side["key"])] for side in (one, other)
    )
    answers = [row for row in mine if row["outcome"] == "ok"]
    return any(
        all(
            row["sent_ns"] > answer["done_ns"] + (0 if row["worker"] == answer["worker"] else 2 * CLOCK_ERROR_NS)
            for row in others
        )
        for answer in answers
    )
