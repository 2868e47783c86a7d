"""Every alarm fires when its condition is brought about, and is silent on a healthy process (B15)."""

import math

import pytest

from reference_impl.resilience import alarms as table
from reference_impl.resilience.alarms import ALARMS
from scenarios.drills.alarms import TROUBLE, alarms
from scenarios.drills.promql import Scrape, fires

EMBEDDED = {"backend": "embedded", "seed": 7}


def test_b15_all_alarms_fire_and_are_silent_when_all_is_well() -> None:
    """The drill passes every row of the table."""
    told = alarms(EMBEDDED)
    assert told["passed"] == told["total"] == len(ALARMS) == len(TROUBLE)
    assert {row["name"] for row in told["rows"]} == set(ALARMS)


@pytest.mark.parametrize(
    "expression, why",
    [("rainproof_store_up == 2", "it does not fire"), ("rainproof_store_up >= 0", "it fires on a healthy process")],
)
def test_b15_the_drill_can_fail(monkeypatch: pytest.MonkeyPatch, expression: str, why: str) -> None:
    """An alarm that never fires, and one that always does."""
    wrong = ALARMS["store_down"]._replace(expression=expression)
    monkeypatch.setitem(table.ALARMS, "store_down", wrong)
    told = alarms({**EMBEDDED, "only": "store_down"})
    assert (told["passed"], told["rows"][0]["why"]) == (0, why)


def scrapes(*values: dict[str, float]) -> list[Scrape]:
    """One every ten seconds; names may carry a label: `name{a=b}`."""
    return [Scrape(10.0 * n, {_key(name): value for name, value in each.items()}) for n, each in enumerate(values)]


def _key(text: str) -> tuple[str, frozenset[tuple[str, str]]]:
    name, _, labels = text.rstrip("}").partition("{")
    pairs = (pair.split("=") for pair in labels.split(",") if pair)
    return name, frozenset((key, value) for key, value in pairs)


SLOW = "histogram_quantile(0.99, sum by (le) (rate(h[1m]))) > 0.5"
TWO = {"n{c=x}": 2.0, "n{c=y}": 8.0}
BUCKETS = {"h{le=0.1}": 0.0, "h{le=1}": 0.0, "h{le=+Inf}": 0.0}


@pytest.mark.parametrize(
    "expression, values, expected",
    [
        ("up == 0", [{"up{s=a}": 1, "up{s=b}": 0}], True),
        ("up == 0", [{"up{s=a}": 1}], False),
        ('n{s="a"} > 1', [{"n{s=a}": 1, "n{s=b}": 5}], False),
        ("increase(n[5m]) > 0", [{"n": 3}, {"n": 3}], False),
        ("increase(n[5m]) > 0", [{"n": 3}, {"n": 4}], True),
        ("increase(n[5m]) > 0", [{}, {"n": 4}], False),
        ("rate(n[1m]) > 0.5", [{"n": 0}, {"n": 4}], False),
        ('sum(rate(n{c="x"}[1m])) / sum(rate(n[1m])) < 0.3', [dict.fromkeys(TWO, 0.0), TWO], True),
        ("sum by (r) (n) > 5", [{"n{r=1,s=1}": 3, "n{r=1,s=2}": 3, "n{r=2,s=1}": 4}], True),
        ("sum by (s) (n) > 5", [{"n{r=1,s=1}": 3, "n{r=2,s=2}": 3}], False),
        ("time() - n / 1e6 > 60", [{"n": 0.0}] * 8, True),
        ("time() - n / 1e6 > 60", [{"n": 65e6}] * 8, False),
        (SLOW, [BUCKETS, {**BUCKETS, "h{le=1}": 9, "h{le=+Inf}": 9}], True),
        (SLOW, [BUCKETS, dict.fromkeys(BUCKETS, 9.0)], False),
        ("missing > 0", [{"n": 1}], False),
        ("n / m > 0", [{"n": 1, "m": 0}], False),
    ],
)  # fmt: skip
def test_b15_expressions_mean_what_prometheus_means(
    expression: str, values: list[dict[str, float]], expected: bool
) -> None:
    """Selectors, rises, sums, ratios, quantiles; what is not there fires nothing."""
    assert fires(expression, scrapes(*values)) is expected


@pytest.mark.parametrize("expression", ["n >", "n @ 3", "sum(n", "avg(n) > 1"])
def test_b15_what_is_not_understood_is_said(expression: str) -> None:
    """Never silently false."""
    with pytest.raises((ValueError, KeyError)):
        fires(expression, scrapes({"n": math.pi}))
