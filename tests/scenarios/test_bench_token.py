"""The token benchmark measures both ways of a token, and the smaller counts."""

from scenarios.bench_token import REACH, bench_token


def test_b08_both_ways_of_a_token_are_measured() -> None:
    """Issuing and opening have a figure each, and both reach what a festival needs."""
    told = bench_token({"seconds": 0.2})
    issued, opened = told["figures"]["issued_per_cpu_s"], told["figures"]["opened_per_cpu_s"]
    assert told["value"] == min(issued, opened) >= REACH == told["reach"]
