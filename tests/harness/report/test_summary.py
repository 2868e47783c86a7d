"""The summary: what people read first."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.report import summary
from harness.report.results import Money, Operations, Results, Run
from harness.report.words import measure, milliseconds, plain
from invariants.verdict import Verdict, Witness

ResultsOf = Callable[..., Results]


def test_summary_says_everything_in_order(tmp_path: Path, results_of: ResultsOf) -> None:
    """Verdicts come first, the worst of them at the top; every part that people look for is there."""
    text = summary.write(tmp_path, results_of()).read_text()
    places = [
        text.index(part)
        for part in (
            "✗ VIOLATED",
            "✗ conservation               300 examined, 2 violations",
            "must: funded = opened + refunded + held",
            "worst: p2: funded with 2,000 fen;",
            "? open_order",
            "why: no evidence: opens",
            "✓ no_overspend               300 examined",
            "not claimed: hot_cold_once",
            "money      funded 2,000,000 fen",
            "= opened 1,999,900 fen + refunded 0 fen",
            "✗ 100 fen missing",
            "41,000 issued = 30,000 ok + 10,900 fail + 100 info",
            "of 100 indeterminate: 60 happened, 39 did not, 1 unsettled",
            "open      1.2      3.4      152      980    2,400",
            "offered 400.0/s, achieved 398.2/s",
            "workers 2, lag p99 3.1 ms, cpu 41%",
            "kill=credit@5 at 5.1 s killed 4711",
            "after kill=credit@5, for 5 s:",
            "open  1,200 ok + 3 fail + 40 info, p99 152 ms",
            "reproduce  rainproof run group_grab",
            "run        runs/group_grab/x",
        )
    ]
    assert places == sorted(places)
    assert "first one" not in text


def test_money_that_does_not_add_up_never_looks_right(results_of: ResultsOf) -> None:
    """Each way in which the sum can be wrong is said, also when only single packets are wrong."""

    def said(*amounts: int, balanced: bool) -> str:
        return summary.text(results_of(money=Money(*amounts, balanced)))

    assert "✓ the sides are equal" in said(10, 5, 3, 2, 5, balanced=True)
    assert "all of it" in said(10, 5, 3, 2, 5, balanced=True)
    assert "✗ 1 fen missing" in said(11, 5, 3, 2, 5, balanced=False)
    assert "✗ 1 fen too many" in said(9, 5, 3, 2, 5, balanced=False)
    assert "✗ the sum is right, single packets are not" in said(10, 5, 3, 2, 5, balanced=False)
    assert "2 fen not credited" in said(10, 5, 3, 2, 3, balanced=True)
    assert "1 fen too many" in said(10, 5, 3, 2, 6, balanced=True)
    assert "money      no evidence" in summary.text(results_of(money=None))


def test_reproduce_line_is_a_command(results_of: ResultsOf) -> None:
    """What stands after "reproduce" can be pasted into a shell: the same words, however it is broken."""
    text = summary.text(results_of())
    command = text.split("reproduce")[1].split("run        ")[0]
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {command.strip()}"], capture_output=True, text=True, check=True
    )
    assert words.stdout.splitlines() == shlex.split(results_of().run.reproduce)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(sentence=texts, subject=texts, reason=texts, amounts=st.lists(st.integers(0, 10**13), min_size=5, max_size=5))
def test_summary_fits_a_terminal_and_cannot_steer_it(
    results_of: ResultsOf, sentence: str, subject: str, reason: str, amounts: list[int]
) -> None:
    """Whatever a target's ids and messages hold: at most 100 columns, and no control character."""
    worst = [Witness("worst", subject, sentence, 1, [])]
    verdicts = {
        "a": Verdict("a", "violated", "must", 10**9, 10**9, 10**9, "", "reported", worst),
        "b": Verdict("b", "unknown", "must", reason=reason),
    }  # fmt: skip
    counts = Operations(*(amount % 10**9 for amount in amounts[:4]))
    text = summary.text(
        results_of(
            invariants=verdicts, money=Money(*amounts, False), operations=counts, by_operation={"withdraw_all": counts}
        )
    )
    assert max(map(len, text.split("\n"))) <= summary.WIDTH
    assert all(char.isprintable() or char == "\n" for char in text)


def test_run_without_a_load_is_said_too(results_of: ResultsOf) -> None:
    """A run that measured nothing has a summary all the same."""
    bare = Results(
        verdict="unknown",
        exit_code=3,
        invariants={},
        run=Run(scenario="night", seed=1, argv=[], path="runs/x", reproduce=""),
        reasons=["the run did not finish"],
        drained=False,
    )
    text = summary.text(bare)
    assert text.startswith("? UNKNOWN: not proved")
    assert "! the run did not finish" in text
    assert "0 issued" in text
    assert "the target still had work to do" in text


def test_words() -> None:
    """Figures carry their unit; strange texts become harmless."""
    assert [milliseconds(us) for us in (0, 999, 1_250, 99_949, 100_000, 1_234_567)] == [
        "0.0", "1.0", "1.2", "99.9", "100", "1,235",
    ]  # fmt: skip
    assert measure("memory_max_bytes", 2**27) == "memory max 128 MiB"
    assert measure("rate_per_s", 12.5) == "rate 12.5/s"
    assert measure("load_s", 3) == "load 3.0 s"
    assert measure("crashes", "none\x1b") == "crashes none�"
    assert plain("a\r\nb\x00\ud800") == "a b��"
