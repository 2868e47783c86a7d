"""Corruptions of a recorded night: each is found by the invariant named beforehand, and by name."""

import random
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import duckdb
import pytest
from msgspec.structs import replace

from harness import rundir
from harness.config import ConfigError
from harness.figures import tables
from harness.progress import Teller
from harness.report.matrix import conclusion
from harness.trial.corruptions import Corruption, catalogue
from harness.trial.corruptions.recording import corrupted, load, picked
from harness.trial.recordings import CorruptionTrial, trials_of, try_corruptions
from invariants.legal import TABLES, LegalSystem, Trip
from invariants.registry import INVARIANTS, Invariant
from invariants.tables import connect

CORRUPTIONS = catalogue()


def night() -> LegalSystem:
    """A small night with a row for every corruption: sold out, refunded, half open, equal, tagged, retried."""
    system = LegalSystem(random.Random(7).randrange)
    for sender, kind, total_fen, shares, tag, people in (
        ("1", "lucky", 1_000, 3, False, ("11", "12", "13", "14")),
        ("2", "equal", 300, 3, False, ("11", "15")),
        ("3", "lucky", 900, 6, False, ("12", "16")),
        ("901", "lucky", 500, 4, True, ("902", "903")),
    ):
        packet = paid(system, sender, total_fen, shares, kind, tag)
        for person in people:
            system.grab(packet, person)
            system.open(packet, person)
    retried, now_ns = system.key(), system.true_ns
    system.open(packet, "904", retried, Trip(now_ns, now_ns + 1_000, now_ns + 2_000, "lost"))
    system.open(packet, "904", retried)
    system.open(packet, "905")
    system.grab(packet, "906")
    refunded = paid(system, "4", 500, 5, lifetime_us=100_000)
    system.open(refunded, "11")
    system.open(refunded, "4")
    system.expire(refunded)
    system.finish()
    return system


def paid(
    system: LegalSystem, sender: str, total_fen: int, shares: int, kind: str = "lucky", tag: bool = False, **more: int
) -> str:
    """A packet whose sender has just been given the money for it."""
    system.fund(sender, total_fen, tag)
    packet = system.send(sender, total_fen, shares, kind, tag=tag, **more)["subject"]
    system.pay(packet)
    return packet


def record(folder: Path, system: LegalSystem, claims: tuple[str, ...] = tuple(INVARIANTS)) -> Path:
    """The folder of a run that left this night."""
    (folder / "history" / "parquet" / "part=0").mkdir(parents=True)
    (folder / "evidence").mkdir()
    with connect(system.rows) as connection:
        for table in TABLES:
            place = "history/parquet/part=0" if table == "history" else "evidence"
            connection.execute(f"COPY {table} TO '{folder / place / table}.parquet'")
    rundir.record(folder, "night", 7, [], {"claims": claims}, servers=False)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded night."""
    return record(tmp_path_factory.mktemp("night"), night())


@pytest.fixture(scope="module")
def recording(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same in memory."""
    with load(folder) as connection:
        connection.execute("SET threads = 1")
        yield connection


def of(invariant: str) -> list[Corruption]:
    return [corruption for corruption in CORRUPTIONS.values() if corruption.caught_by == invariant]


def rows_of(recording: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    return {table: recording.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


def survivors(trials: dict[str, CorruptionTrial]) -> dict[str, str]:
    return {name: tried.reason for name, tried in trials.items() if not tried.killed}


def test_there_are_enough_and_every_invariant_has_some() -> None:
    """At least 36 corruptions, at least two for each of the invariants, and none for anything else."""
    counts = {name: len(list(group)) for name, group in groupby(CORRUPTIONS.values(), lambda each: each.caught_by)}
    assert len(CORRUPTIONS) >= 36
    assert counts.keys() == INVARIANTS.keys() and min(counts.values()) >= 2


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_each_is_killed_by_the_invariant_named_beforehand(recording: duckdb.DuckDBPyConnection, invariant: str) -> None:
    """Violated, and a witness that names what was corrupted, for every corruption that the invariant must catch."""
    trials = dict(trials_of(recording, of(invariant), [invariant]))
    assert survivors(trials) == {}
    assert all(tried.subject and tried.sentence for tried in trials.values())
    assert {name: tried.verdicts for name, tried in trials.items()} == {
        corruption.name: {invariant: "violated"} for corruption in of(invariant)
    }


def seeing(name: str, condition: str) -> dict[str, Invariant]:
    """The invariants, one of which reports only those of its violations for which `condition` is true."""
    invariant = INVARIANTS[name]
    only = f"SELECT v.* FROM ({invariant.violations}) AS v WHERE {condition}"
    return {**INVARIANTS, name: replace(invariant, violations=only)}


def test_a_blind_invariant_has_survivors(recording: duckdb.DuckDBPyConnection) -> None:
    """Whoever sees no more than its canary kills nothing."""
    blind = seeing("no_overspend", "v.subject LIKE 'canary%'")
    trials = dict(trials_of(recording, of("no_overspend"), ["no_overspend"], blind))
    assert survivors(trials) == {corruption.name: "no_overspend says holds" for corruption in of("no_overspend")}


def test_an_alarm_about_something_else_does_not_count(recording: duckdb.DuckDBPyConnection) -> None:
    """The other store's account is accused, the entry whose line moved there is not: not killed."""
    moved = CORRUPTIONS["line_in_the_other_store"]
    askew = seeing("ledger_balances", "v.balance_fen IS NOT NULL OR v.subject LIKE 'canary%'")
    tried = dict(trials_of(recording, [moved], ["ledger_balances"], askew))[moved.name]
    assert tried.verdicts == {"ledger_balances": "violated"} and not tried.killed
    assert tried.reason.startswith("ledger_balances names user:") and tried.reason.endswith(f"not {tried.subject}")


def test_a_recording_without_the_rows_kills_nothing(tmp_path: Path) -> None:
    """Nobody is tagged, refunds and accounts are unknown: what needs them is not applicable, and says so."""
    system = LegalSystem(random.Random(7).randrange)
    packet = paid(system, "1", 1_000, 3)
    system.open(packet, "11")
    system.finish()
    folder = record(tmp_path, system)
    for table in ("refunds", "accounts"):
        (folder / "evidence" / f"{table}.parquet").unlink()
    wanting = [corruption for corruption in CORRUPTIONS.values() if "tagged" in corruption.needs.split()]
    wanting += [*of("refund_once_after_expiry"), CORRUPTIONS["credit_lost"]]
    with load(folder) as recording:
        trials = dict(trials_of(recording, [*wanting, CORRUPTIONS["remaining_off_by_one"]], ["open_order"]))
        assert tables(recording) == TABLES.keys() - {"refunds", "accounts"}
    assert trials.pop("remaining_off_by_one").killed
    assert len(trials) == len(wanting) > 7
    assert survivors(trials) == {each.name: f"the run does not have {each.needs}" for each in wanting}
    assert not any(tried.applicable for tried in trials.values())


def test_a_statement_that_changes_nothing_survives(recording: duckdb.DuckDBPyConnection) -> None:
    """Half a corruption is none, though the other half is found; its row was there, so that it is applicable."""
    told = CORRUPTIONS["told_one_more"]
    half = replace(told, change=f"{told.change}; DELETE FROM opens WHERE packet = 'nowhere'")
    tried = dict(trials_of(recording, [half], ["no_lost_acknowledgement"]))[told.name]
    assert (tried.killed, tried.applicable) == (False, True)
    assert tried.reason == "a statement of it changes nothing, though its row is there"


def test_the_recording_stays_as_it_is(folder: Path, recording: duckdb.DuckDBPyConnection) -> None:
    """Copies are corrupted and gone afterwards, also after an error; the same rows are picked again."""
    before = rows_of(recording)
    rows = picked(recording, CORRUPTIONS.values())
    with pytest.raises(ZeroDivisionError), corrupted(recording, lost := CORRUPTIONS["credit_lost"], rows[lost.name]):
        changed = {table for table, kept in rows_of(recording).items() if kept != before[table]}
        1 // 0  # noqa: B018
    assert changed == {"postings", "accounts"}
    assert rows_of(recording) == before
    with load(folder) as again:
        assert picked(again, CORRUPTIONS.values()) == rows


def test_a_campaign_says_who_sees_what(folder: Path) -> None:
    """One corruption, all invariants: it is killed, the others are heard too, and as it is nobody accuses the night."""
    campaign = try_corruptions(folder, Teller(), only="persons_swapped")
    assert (campaign.killed, campaign.total, campaign.survivors, campaign.passed) == (1, 1, [], True)
    assert set(campaign.recorded.values()) == {"holds"} and campaign.accusations == []
    seen = {name for name, value in campaign.matrix["persons_swapped"].items() if value == "violated"}
    assert seen == {
        *("exactly_once_credit", "no_lost_acknowledgement", "no_phantom"),
        *("cache_agrees", "details_agree", "lists_agree"),
    }


def test_unclaimed_is_not_applicable_and_accusations_fail(tmp_path: Path) -> None:
    """Only what the run claims is tried; a recording that is accused as it stands does not pass."""
    system = night()
    system.rows["opens"].append({**system.rows["opens"][0], "voucher": "again"})
    folder = record(tmp_path, system, claims=("one_open_per_user",))
    campaign = try_corruptions(folder, Teller())
    assert campaign.accusations == ["one_open_per_user"] and not campaign.passed
    assert campaign.total == len(of("one_open_per_user"))
    assert campaign.not_applicable == {
        each.name: f"the run does not claim {each.caught_by}"
        for each in CORRUPTIONS.values()
        if each not in of("one_open_per_user")
    }
    none = try_corruptions(folder, Teller(), only="told_one_more")
    assert (none.total, list(none.not_applicable), none.passed) == (0, ["told_one_more"], False)


def test_a_survivor_is_told_from_what_is_not_applicable(tmp_path: Path) -> None:
    """A blind invariant lets survive what the run has rows for; what it has none for is listed with what it lacks."""
    system = LegalSystem(random.Random(7).randrange)
    packet = paid(system, "1", 1_000, 3)
    system.open(packet, "11")
    system.open(packet, "12")
    system.finish()
    folder = record(tmp_path, system, claims=("conservation", "refund_once_after_expiry"))
    blind = seeing("conservation", "v.subject LIKE 'canary%'")
    seeing_campaign, blind_campaign = try_corruptions(folder, Teller()), try_corruptions(folder, Teller(), None, blind)
    lacking = {each.name: f"the run does not have {each.needs}" for each in of("refund_once_after_expiry")}
    for campaign in (seeing_campaign, blind_campaign):
        told = {name: why for name, why in campaign.not_applicable.items() if "claim" not in why}
        assert lacking.items() <= told.items() and not told.keys() & campaign.trials.keys()
        assert campaign.total == len(campaign.trials) == len(of("conservation")) - (len(told) - len(lacking)) > 0
    assert seeing_campaign.passed and seeing_campaign.killed == seeing_campaign.total
    assert not blind_campaign.passed and blind_campaign.survivors == list(blind_campaign.trials)
    lines = conclusion(blind_campaign)
    assert any(line.startswith(f"0 of {blind_campaign.total} killed") for line in lines)
    assert all(f"  {name}: {why}" in lines for name, why in blind_campaign.not_applicable.items())


def test_what_is_not_there_is_said(tmp_path: Path, folder: Path) -> None:
    """No such corruption, no such run, a run that left nothing: one line each."""
    with pytest.raises(ConfigError, match="did you mean 'told_one_more'"):
        try_corruptions(folder, Teller(), only="told_one_mor")
    with pytest.raises(ConfigError, match=r"run\.json: cannot be read"):
        try_corruptions(tmp_path, Teller())
    rundir.record(tmp_path, "night", 7, [], {"claims": ["no_overspend"]}, servers=False)
    with pytest.raises(ConfigError, match="neither history nor evidence is here"):
        try_corruptions(tmp_path, Teller())


def test_entries_are_checked(tmp_path: Path) -> None:
    """A misspelt key and a name that is given twice are errors that say where."""
    entry = '[lost]\nsummary = ""\nneeds = ""\npick = ""\nchange = ""\n'
    (tmp_path / "conservation.toml").write_text(entry)
    assert catalogue(tmp_path)["lost"].caught_by == "conservation"
    (tmp_path / "no_overspend.toml").write_text(entry)
    with pytest.raises(ConfigError, match=r"no_overspend\.toml: corruption 'lost' is there already, for conservation"):
        catalogue(tmp_path)
    (tmp_path / "no_overspend.toml").write_text(entry.replace("lost", "other").replace("needs", "need"))
    with pytest.raises(ConfigError, match=r"no_overspend\.toml: \[other\]: unknown key 'need'"):
        catalogue(tmp_path)
