"""Where a new packet goes, decided (W03, W04)."""

from hypothesis import given
from hypothesis import strategies as st

from reference_impl.domain.steering import BY_ACCESS, region_of, spread

REGIONS = ("south", "north")
ACCESS = st.sampled_from(REGIONS)
PLACES = st.integers(0, 99)
PERCENT = st.integers(0, 100)


@given(PERCENT)
def test_w03_exactly_the_share_goes_north(percent: int) -> None:
    """Of the hundred places so many go north as the dial says, whatever the access point."""
    gone = [region_of("south", percent, place, None, REGIONS, REGIONS) for place in range(100)]
    assert gone.count("north") == percent


@given(ACCESS, PLACES)
def test_w01_without_steering_a_packet_stays_at_its_access_point(access: str, place: int) -> None:
    """The dial at -1 leaves it there."""
    assert region_of(access, BY_ACCESS, place, None, REGIONS, REGIONS) == access


@given(ACCESS, st.integers(-1, 100), PLACES, ACCESS, st.sets(ACCESS))
def test_w03_an_operator_has_the_last_word(
    access: str, percent: int, place: int, forced: str, healthy: set[str]
) -> None:
    """A steering switch sends everything there, whatever dial and breakers say."""
    assert region_of(access, percent, place, forced, healthy, REGIONS) == forced


@given(ACCESS, st.integers(-1, 100), PLACES, ACCESS)
def test_w04_a_region_that_fails_is_left(access: str, percent: int, place: int, healthy: str) -> None:
    """With one region healthy every packet goes there; with none it goes where it would have gone anyhow."""
    assert region_of(access, percent, place, None, {healthy}, REGIONS) == healthy
    assert region_of(access, percent, place, None, (), REGIONS) == region_of(
        access, percent, place, None, REGIONS, REGIONS
    )


@given(ACCESS, st.integers(-1, 100), PLACES, st.none() | ACCESS)
def test_a_region_without_databases_gets_nothing(access: str, percent: int, place: int, forced: str | None) -> None:
    """Of a deployment with one region every packet goes there."""
    assert region_of(access, percent, place, forced, REGIONS, ("south",)) == "south"


@given(st.integers(1, 2**53), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64))
def test_w03_a_key_goes_the_same_way_every_time(sender: int, key: str) -> None:
    """The place of a sender's key is always the same, and one of so many."""
    assert spread(sender, key, 100) == spread(sender, key, 100)
    assert 0 <= spread(sender, key, 7) < 7


def test_w03_places_are_taken_evenly() -> None:
    """Ten thousand keys of a hundred senders: no place has twice the mean or less than half of it."""
    taken = [0] * 100
    for sender in range(100):
        for key in range(100):
            taken[spread(sender, f"key-{key}", 100)] += 1
    assert min(taken) > 50 and max(taken) < 200
