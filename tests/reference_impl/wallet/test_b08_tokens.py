"""Tokens: issued faster than credited, kept by client and server, believed only when they are ours (B08, B09)."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
import redis
from festival import Festival

from reference_impl.domain.errors import Refused
from reference_impl.domain.token import Token, decode, encode
from reference_impl.runtime import ThreadRuntime
from reference_impl.wallet import keys
from reference_impl.wallet.sealing import Key, Keyring, new_key

TOKEN = Token(1, 10**14 + 5, "spring", "rain", 888, "100000000000005_rain_3_cash_live", 1_700_000_000_000_000, 3)


def test_b08_a_token_is_about_half_of_its_json() -> None:
    """The document's nine fields in protobuf."""
    assert decode(encode(TOKEN)) == TOKEN
    assert len(encode(TOKEN)) < 0.6 * len(msgspec.json.encode(TOKEN._asdict()))


def test_b08_every_page_is_complete_while_the_backlog_stands(festival: Festival) -> None:
    """Awarded, not credited, half credited, credited: each page shows all of it, once."""
    act = festival.act()
    tokens, total_fen = [], 0
    for n in range(12):
        tokens.append(festival.award(act, 100 + n).token)
        total_fen += 100 + n
        for shown in (festival.page(act), festival.page(act, *tokens)):
            assert (shown.balance_fen, shown.income_fen, len(shown.flow)) == (total_fen, total_fen, n + 1)
        if n % 5 == 4:
            festival.credit()
    festival.credit()
    shown = festival.page(act, *tokens)
    assert (shown.balance_fen, shown.waiting, shown.refused) == (total_fen, 0, 0)


def test_b08_what_the_server_lost_the_client_brings_back(festival: Festival) -> None:
    """The token store loses everything before a credit: the client's tokens are shown and credited, once."""
    act = festival.act()
    tokens = [festival.award(act, 30, rain=str(n)).token for n in range(1, 4)]
    festival.forget_tokens()
    assert festival.page(act).balance_fen == 0
    assert festival.page(act, *tokens).balance_fen == 90
    assert festival.page(act).balance_fen == 90  # the server has them again
    festival.credit()
    festival.forget_tokens()
    shown = festival.page(act, *tokens)
    festival.credit()
    assert shown.balance_fen == festival.page(act, *tokens).balance_fen == 90


def test_b10_a_page_says_that_the_token_store_is_away(festival: Festival, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the store, whoever brings their tokens sees everything; who has none sees less, and is told so."""

    def away(_: int) -> dict[str, str]:
        raise redis.ConnectionError("away")

    act = festival.act()
    tokens = [festival.award(act, 30, rain=str(n)).token for n in range(1, 4)]
    assert festival.page(act).code == ""
    with monkeypatch.context() as patched:
        patched.setattr(festival.desk.tokens, "all", away)
        with_tokens, without = festival.page(act, *tokens), festival.page(act)
    assert (with_tokens.balance_fen, without.balance_fen) == (90, 0)
    assert with_tokens.code == without.code == "delayed"


def test_b09_ten_thousand_tampered_tokens_credit_nothing(festival: Festival) -> None:
    """Altered, cut, lengthened, made with other keys, or somebody else's: none is believed, all are counted."""
    chance, act, victim = random.Random(9), festival.act(), festival.act()
    good = festival.award(act, 500).token
    festival.credit()
    others = Keyring([new_key(1)], ThreadRuntime().draw)
    wishes = [
        lambda: _altered(good, chance),
        lambda: good[: chance.randrange(len(good))],
        lambda: good + "A",
        lambda: others.seal(TOKEN._replace(act=act, amount_fen=20_000), 1),
        lambda: festival.award(victim, 1).token,
    ]
    before = festival.system.counts.value("tokens_refused")
    presented = [chance.choice(wishes[:4])() for _ in range(9_950)] + [wishes[4]() for _ in range(50)]
    refused = sum(festival.page(act, *presented[at : at + 200]).refused for at in range(0, len(presented), 200))
    festival.credit()
    assert refused == len(presented) == festival.system.counts.value("tokens_refused") - before
    assert festival.page(act).balance_fen == 500 and festival.page(victim).balance_fen == 50


def test_b09_a_replayed_token_is_credited_once(festival: Festival) -> None:
    """A token that is presented after it was credited, again and again, changes nothing."""
    act = festival.act()
    token = festival.award(act, 70).token
    for _ in range(5):
        assert festival.page(act, token, token).balance_fen == 70
        festival.credit()


def test_b08_all_processes_of_a_new_deployment_have_the_same_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four find none at the same moment and make some: the first one's are everybody's."""
    together = threading.Barrier(4)

    def made(number: int) -> Key:
        together.wait(timeout=30)
        return new_key(number)

    monkeypatch.setattr(keys, "new_key", made)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(keys.load_keys, [tmp_path] * 4))
    assert all(one == found[0] for one in found)
    assert [path.name for path in tmp_path.iterdir()] == [keys.FILE]


def test_b09_a_retired_key_opens_nothing_any_more(tmp_path: Path) -> None:
    """After a rotation old tokens are still good; once their key is retired they are refused, and new ones are not."""
    draw = ThreadRuntime().draw
    old = Keyring(keys.load_keys(tmp_path), draw).seal(TOKEN, 1)
    rotated = Keyring(keys.rotate(tmp_path, retire=False), draw)
    assert rotated.open(old).token == TOKEN
    retired = Keyring(keys.rotate(tmp_path, retire=True), draw)
    for text in (old, rotated.seal(TOKEN, 1)):
        with pytest.raises(Refused) as refused:
            retired.open(text)
        assert refused.value.code == "token_retired"
    assert retired.open(retired.seal(TOKEN, 1)).token == TOKEN
    assert (tmp_path / keys.FILE).stat().st_mode & 0o077 == 0


def _altered(token: str, chance: random.Random) -> str:
    """One character is another: never the last, whose low bits may mean nothing."""
    at = chance.randrange(len(token) - 4)
    return token[:at] + chance.choice([c for c in "ABCDwxyz0189-_" if c != token[at]]) + token[at + 1 :]
