"""The bank stand-in, a process of its own: late, failing, mute, answering twice or refusing, it pays once (B23)."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from reference_impl import bank_service
from reference_impl.bank_service import Teller, server
from reference_impl.bootstrap import bank_moods
from reference_impl.domain.bank_moods import MOODS, mood_of, parse_moods
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores.sql import Store
from reference_impl.wallet import bank
from reference_impl.wallet.bank import Bank, Careful, HttpBank, Moody, Told
from reference_impl.wallet.bank_books import Books, create_bank_store, statement_table

ACT = 10**14 + 7
Served = Callable[[str], Bank]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank keeps nobody waiting for long, and is itself waited for as long as a busy machine takes."""
    monkeypatch.setattr(bank, "PATIENCE_S", 20.0)
    monkeypatch.setattr(bank, "LATE_S", 0.05)
    monkeypatch.setattr(bank_service, "MUTE_S", 0.05)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Store]:
    store = Store("bank_0", f"sqlite:///{tmp_path}", ThreadRuntime())
    create_bank_store(store)
    yield store
    store.close()


@pytest.fixture(params=["in process", "by http"])
def served(request: pytest.FixtureRequest, books: Store) -> Iterator[Served]:
    """A bank that is in one mood for ever, here or at an address."""
    here = request.param == "in process"
    with _serving(books) as at:
        yield lambda mood: _in_process(books, mood) if here else at(mood)


def _in_process(books: Store, mood: str) -> Bank:
    return Careful(Moody(Books(books), itertools.repeat(mood), lambda _: None))


@contextmanager
def _serving(books: Store) -> Iterator[Served]:
    moods: list[str] = [""]
    stand_in = server("127.0.0.1", 0, Teller(Books(books), (moods[0] for _ in itertools.count())))
    threading.Thread(target=stand_in.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{stand_in.server_address[1]}"

    def at(mood: str) -> Bank:
        moods[0] = mood
        return Careful(HttpBank(address))

    yield at
    stand_in.shutdown()
    stand_in.server_close()


def paid(books: Store) -> dict[str, int]:
    """What the bank's books say was paid out, by number."""
    table = statement_table(False)
    rows = books.read(lambda c: c.execute(table.select().where(table.c.outcome == "paid")).all())
    return {row.withdrawal: row.amount_fen for row in rows}


@pytest.mark.parametrize(
    ("mood", "told", "happened"),
    [
        ("", "paid", True),
        ("late", "paid", True),
        ("twice", "paid", True),
        ("mute", "unknown", True),
        ("fails", "unknown", False),
        ("refuses", "refused", False),
    ],
)
def test_b23_each_mood_does_what_it_says(served: Served, books: Store, mood: str, told: str, happened: bool) -> None:
    """What is told and what has happened; asked again in a good mood, the number's one truth is told."""
    assert served(mood).send("w-1", ACT, 200, False) == told
    assert paid(books) == ({"w-1": 200} if happened else {})
    good = served("")
    if mood == "fails":
        assert good.ask("w-1", False) == "refused"  # a number that was never seen is called off
    truth = "paid" if happened else "refused"
    assert good.send("w-1", ACT, 200, False) == good.ask("w-1", False) == truth
    assert paid(books) == ({"w-1": 200} if happened else {})


def test_b23_an_answer_that_is_heard_twice_is_nobody_elses(books: Store) -> None:
    """The second copy of an answer waits on the connection: it is not taken for the answer to the next question."""
    with _serving(books) as at:
        twice = at("twice")
        for n in range(20):
            assert twice.send(f"w-{n}", ACT, n + 1, False) in ("paid", "unknown")
            assert twice.ask(f"never-{n}", False) in ("refused", "unknown")
    assert paid(books) == {f"w-{n}": n + 1 for n in range(20)}


def test_b23_an_answer_about_another_number_is_none(books: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said about somebody else's number settles nothing."""
    with _serving(books) as at:
        monkeypatch.setattr(Teller, "answer", lambda *_: Told("w-2", "paid"))
        assert at("").send("w-1", ACT, 200, False) == at("").ask("w-1", False) == "unknown"


def test_b23_moods_come_by_their_shares_and_seed() -> None:
    """A hundred thousand requests meet each mood about as often as is said, and the same seed the same moods."""
    settings = Settings(sql="", cache="", data="", bank_moods="late:5,mute:2.5,refuses:10", bank_seed=3)
    met = list(itertools.islice(bank_moods(settings), 100_000))
    for mood, share in {"late": 0.05, "mute": 0.025, "refuses": 0.1, "": 0.825}.items():
        assert met.count(mood) / len(met) == pytest.approx(share, abs=0.005)
    assert met == list(itertools.islice(bank_moods(settings), 100_000))
    assert mood_of(parse_moods(""), 0.0) == ""
    assert mood_of(dict.fromkeys(MOODS, 20.0), 0.999) == list(MOODS)[-1]


@pytest.mark.parametrize("text", ["lazy:5", "late", "late:x", "late:-1", "late:60,mute:60"])
def test_b23_moods_that_do_not_fit_are_refused(text: str) -> None:
    """An unknown mood, no share, a negative one, or more than all there is."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"sql": "", "cache": "", "data": "", "bank_moods": text}, Settings)
