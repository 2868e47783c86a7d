"""Histograms, checked against the standard library of HdrHistogram."""

from pathlib import Path
from random import Random

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from harness.histogram import FULL, HIGHEST_US, Counts, Interval, bucket, encode, highest_us, log, percentile_us

EDGES = [
    0,
    1,
    1023,
    1024,
    FULL - 1,
    FULL,
    FULL + 1,
    4095,
    4096,
    1_000_000,
    2**31 - 1,
    2**31,
    HIGHEST_US - 1,
    HIGHEST_US,
]
SHARES = (0.5, 0.9, 0.99, 0.999, 1.0)


def counted(values_us: list[int]) -> Counts:
    counts: dict[int, int] = {}
    for value_us in values_us:
        counts[bucket(value_us)] = counts.get(bucket(value_us), 0) + 1
    return counts


def theirs(values_us: list[int]) -> HdrHistogram:
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for value_us in values_us:
        histogram.record_value(value_us)
    return histogram


def content(histogram: HdrHistogram) -> list[tuple[int, int]]:
    """Every bucket's value and count, as the library says."""
    return [(at.value_iterated_to, at.count_added_in_this_iter_step) for at in histogram.get_recorded_iterator()]


def drawn(seed: int, count: int = 5000) -> list[int]:
    random = Random(seed)
    return [min(HIGHEST_US, int(random.lognormvariate(9, 3))) for _ in range(count)]


@pytest.mark.parametrize("value_us", EDGES)
def test_a_bucket_is_where_the_library_has_it(value_us: int) -> None:
    """The same bucket and the same highest value, at every edge where the width changes."""
    library = theirs([])
    assert highest_us(bucket(value_us)) == library.get_highest_equivalent_value(value_us)
    assert bucket(highest_us(bucket(value_us)) + 1) == bucket(value_us) + (highest_us(bucket(value_us)) < HIGHEST_US)
    assert highest_us(bucket(value_us)) - value_us <= max(1, value_us // 1000)


def test_what_does_not_fit_is_clamped() -> None:
    """Less than nothing counts as nothing, more than an hour as an hour."""
    assert (bucket(-5), bucket(HIGHEST_US * 2)) == (0, bucket(HIGHEST_US))


@pytest.mark.parametrize("seed", range(5))
def test_the_library_decodes_what_we_encode(seed: int) -> None:
    """Every bucket holds what it held, and what the library encodes of the same values is the same histogram."""
    values_us = [*drawn(seed), *EDGES, *[77] * 100_000]
    decoded = HdrHistogram.decode(encode(counted(values_us)))
    assert decoded.get_total_count() == len(values_us)
    assert content(decoded) == content(theirs(values_us))
    assert decoded.get_max_value() == highest_us(bucket(HIGHEST_US))


def test_percentiles_are_those_of_the_values() -> None:
    """By rank, never below the true value and at most a thousandth above it."""
    for seed in range(5):
        values_us = sorted(drawn(seed, 4999))
        counts = counted(values_us)
        for share in SHARES:
            true_us = values_us[max(0, -int(-share * len(values_us) // 1) - 1)]
            assert true_us <= percentile_us(counts, share) <= true_us + max(1, true_us // 1000)
    assert percentile_us({}, 0.5) == 0


def test_the_standard_reader_reads_a_log(tmp_path: Path) -> None:
    """Two intervals of two tags: their times, tags and counts come back, and merged they are all the values."""
    first, second = drawn(1, 100), drawn(2, 50)
    intervals = [
        Interval("open/response", 0, 1.0, counted(first)),
        Interval("open:sold_out/service", 3, 1.0, counted(second)),
    ]
    (tmp_path / "w.hlog").write_text(log(1_700_000_000, intervals))
    reader = HistogramLogReader(str(tmp_path / "w.hlog"), HdrHistogram(1, HIGHEST_US, 3))
    read = [reader.get_next_interval_histogram() for _ in range(3)]
    assert read[2] is None
    assert [one.get_total_count() for one in read[:2]] == [100, 50]
    assert [one.get_tag() for one in read[:2]] == ["open/response", "open:sold_out/service"]
    assert read[1].get_start_time_stamp() - read[0].get_start_time_stamp() == 3000
    read[0].add(read[1])
    assert content(read[0]) == content(theirs([*first, *second]))
