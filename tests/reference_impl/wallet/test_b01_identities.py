"""Identities: one person is one act_id from every app, also when that turns out late (B01, Money rule 9)."""

import pytest
from festival import Festival

from reference_impl.domain.acts import APPS
from reference_impl.domain.errors import Refused
from reference_impl.domain.identities import Joining, identity, join, phone_number
from reference_impl.ledger import merges
from reference_impl.reconcile import comparing, hour_1, hour_2, rain
from reference_impl.reconcile import merges as reconciling
from reference_impl.wallet import identities, login
from reference_impl.wallet.withdrawal import PAID


def enter(festival: Festival, app: str, uid: str, phone: str | None = None, tagged: bool = False) -> int:
    return login.login(festival.system, festival.desk, identity(app, uid), phone, (), tagged)


def bind(festival: Festival, act: int, phone: str, *tokens: str) -> int:
    return login.bind(festival.system, festival.desk, act, phone, tokens)


def phone(festival: Festival) -> str:
    return "86" + festival.key().removeprefix("key-").zfill(11)


@pytest.mark.parametrize(
    "own, owner, joining",
    [
        (None, None, Joining(None)),
        (None, 7, Joining(7)),
        (5, None, Joining(5)),
        (5, 5, Joining(5)),
        (5, 7, Joining(7, merged=5)),
    ],
)
def test_b01_the_phone_number_wins(own: int | None, owner: int | None, joining: Joining) -> None:
    """Whoever brings a number that has an act_id has that act_id from then on."""
    assert join(own, owner) == joining


def test_b01_eight_apps_are_two_account_systems() -> None:
    """What is no app, no user id or no phone number is refused."""
    assert len(APPS) == 8 and {identity(app, "u").system for app in APPS} == {"douyin", "toutiao"}
    assert phone_number("+8613800000000") == "8613800000000"
    for refused in (lambda: identity("wechat", "u"), lambda: identity("douyin", "a b"), lambda: phone_number("none")):
        with pytest.raises(Refused, match="field"):
            refused()


def test_b01_a_person_is_one_act_id_from_every_app(festival: Festival) -> None:
    """In one account system by the user id, across the two by the phone number; the sides of the tag are apart."""
    uid, number = festival.key(), phone(festival)
    acts = {enter(festival, app, uid) for app, system in APPS.items() if system == "douyin"}
    assert len(acts) == 1 and enter(festival, "toutiao", uid) not in acts
    first = enter(festival, "douyin", festival.key(), number)
    assert enter(festival, "novel", festival.key(), number) == first
    assert enter(festival, "novel", festival.key(), number, tagged=True) != first


def test_b01_two_who_log_in_at_once_are_one(festival: Festival) -> None:
    """Sixteen logins of one new identity, and of new identities with one phone number, give one act_id each."""
    uid, number = festival.key(), phone(festival)
    assert len(set(festival.at_once(lambda n: enter(festival, "douyin", uid), 16))) == 1
    acts = festival.at_once(lambda n: enter(festival, "xigua", f"{uid}-{n}", number), 16)
    holders = {identities.family(festival.desk, act).holder for act in acts}
    assert len(holders) == 1


@pytest.fixture
def pair(festival: Festival) -> tuple[int, int, str]:
    """An alias to be, whom it will be merged into, and the phone number that both have."""
    holder, number = festival.act(), phone(festival)
    bind(festival, holder, number)
    return festival.act(), holder, number


def test_b01_merging_keeps_every_fen_and_every_award(festival: Festival, pair: tuple[int, int, str]) -> None:
    """Credited, promised, by token or order row, only in the client's hands: both act_ids show the whole."""
    alias, holder, number = pair
    festival.award(holder, 10, "rain", "1")
    kept = festival.award(alias, 20, "rain", "2").token
    festival.award(alias, 30, "koi", "1")
    festival.forget_tokens()
    assert bind(festival, alias, number, kept) == holder
    late = festival.award(alias, 40, "rain", "3")
    assert late.order.startswith(str(holder))
    pages = [festival.page(act) for act in (alias, holder)]
    assert pages[0] == pages[1] and pages[0].balance_fen == pages[0].income_fen == 90
    festival.credit()
    assert festival.system.ledger.balance_fen(alias, False) == 0
    assert festival.page(alias) == festival.page(holder)


def test_b01_one_award_of_an_occurrence_for_all_act_ids(festival: Festival, pair: tuple[int, int, str]) -> None:
    """Claims from before stay and are found under either act_id; with another amount they are refused."""
    alias, holder, number = pair
    before = festival.award(alias, 20, "koi", "1")
    own = [festival.award(act, 5, "rain", "9") for act in pair[:2]]
    bind(festival, alias, number)
    for act in (alias, holder):
        assert festival.award(act, 20, "koi", "1").order == before.order
        with pytest.raises(Refused, match="another amount"):
            festival.award(act, 21, "koi", "1")
    assert [festival.award(act, 5, "rain", "9").order for act in (alias, holder)] == [given.order for given in own]
    assert festival.page(holder).income_fen == 30


def test_b01_one_coupon_of_an_occurrence_for_all_act_ids(festival: Festival, pair: tuple[int, int, str]) -> None:
    """One that stands is found under either act_id, shown to both, and used by whichever of them; never by others."""
    alias, holder, number = pair
    before = festival.coupon(alias, "tea", "1")
    with pytest.raises(Refused, match="somebody else"):
        festival.use(holder, before.order)
    bind(festival, alias, number)
    assert [festival.coupon(act, "tea", "1") for act in (holder, alias)] == [before] * 2
    late = festival.coupon(alias, "tea", "2")
    assert late.order.startswith(str(holder))
    assert festival.use(holder, before.order).used and festival.use(alias, late.order).used
    pages = [festival.page(act).coupons for act in (alias, holder)]
    assert pages[0] == pages[1] and {each.coupon for each in pages[0] or ()} == {before.order, late.order}
    with pytest.raises(Refused, match="somebody else"):
        festival.use(festival.act(), late.order)


def test_b01_the_balance_alone_is_that_of_all_act_ids(festival: Festival, pair: tuple[int, int, str]) -> None:
    """Also while money is on its way from one account to the other."""
    alias, holder, number = pair
    festival.award(alias, 30, "koi", "1")
    festival.award(holder, 12, "koi", "1")
    with festival.controls(wallet_balance_only=1):
        assert [festival.page(act).balance_fen for act in (alias, holder)] == [30, 12]
        identities.learn(festival.desk, alias, number)
        assert [festival.page(act).balance_fen for act in (alias, holder)] == [42, 42]
        bind(festival, alias, number)
        assert [festival.page(act).balance_fen for act in (alias, holder)] == [42, 42]


def test_b01_the_kv_store_is_asked_for_all_act_ids(
    festival: Festival, pair: tuple[int, int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it knows of an alias's order answers the holder too."""
    alias, holder, number = pair
    before = festival.award(alias, 30, "koi", "1")
    bind(festival, alias, number)
    monkeypatch.setattr("reference_impl.wallet.award._standing", lambda *_: pytest.fail("a database was asked"))
    assert festival.award(holder, 30, "koi", "1").order == before.order


@pytest.mark.parametrize("scene", ["rain", "fireworks"])
def test_b01_b14_what_followed_a_merge_is_not_lost(
    festival: Festival, pair: tuple[int, int, str], monkeypatch: pytest.MonkeyPatch, scene: str
) -> None:
    """Reconciliation finds an alias's award in the holder's database, and the promise of what stands there."""
    alias, holder, number = pair
    while festival.system.ledger.shard(alias) is festival.system.ledger.shard(holder):
        alias = festival.act()
    before = identities.family(festival.desk, alias)
    bind(festival, alias, number)
    with monkeypatch.context() as patched:
        patched.setattr("reference_impl.wallet.award.family_of", lambda *_: before)
        order = festival.award(alias, 25, scene, "4").order
    festival.credit()
    until_us = festival.system.runtime.now_us() + 1_000_000
    hour_us = comparing.HOUR_US
    reports = [rain.reconcile(festival.system, 0, until_us)]
    reports += [each.reconcile(festival.system, 0, until_us + n * hour_us) for n, each in ((1, hour_1), (2, hour_2))]
    assert [row for report in reports for row in report.rows if row.order == order] == []
    assert festival.page(holder).balance_fen == 25


@pytest.mark.parametrize("scene", ["rain", "koi"])
def test_b01_awards_that_arrive_while_merging_follow(
    festival: Festival, pair: tuple[int, int, str], monkeypatch: pytest.MonkeyPatch, scene: str
) -> None:
    """An award whose game asked before the merge, and which is given and credited after it, is the holder's money."""
    alias, holder, number = pair
    before = identities.family(festival.desk, alias)
    bind(festival, alias, number)
    with monkeypatch.context() as patched:
        patched.setattr("reference_impl.wallet.award.family_of", lambda *_: before)
        assert festival.award(alias, 25, scene, "4").order.startswith(str(alias))
    assert festival.page(holder).balance_fen == 25
    festival.credit()
    balances = [festival.system.ledger.balance_fen(act, False) for act in (alias, holder)]
    assert balances == [0, 25] and festival.page(alias).balance_fen == 25


def test_b01_a_merge_that_was_interrupted_is_finished(
    festival: Festival, pair: tuple[int, int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alias stands and no money has moved, or it is on its way: pages are whole, and the sweeper moves the rest."""
    alias, holder, number = pair
    festival.award(alias, 50, "koi", "1")

    def dies(*_: object) -> None:
        raise RuntimeError("the process dies")

    for name in ("move", "arrive"):
        with monkeypatch.context() as patched:
            patched.setattr(merges, name, dies)
            with pytest.raises(RuntimeError):
                bind(festival, alias, number)
                identities.finish(festival.system, festival.desk, identities.family(festival.desk, holder).merging)
        assert festival.page(alias).balance_fen == festival.page(holder).balance_fen == 50
    assert reconciling.reconcile(festival.system, 0, 0).repaired == 1
    assert reconciling.count_missing(festival.system, 0, 0) == 0
    assert festival.system.ledger.balance_fen(holder, False) == 50


def test_b01_who_bind_each_others_numbers_at_once_are_one(festival: Festival) -> None:
    """Neither becomes an alias of an alias of itself."""
    for _ in range(8):
        acts, numbers = (festival.act(), festival.act()), (phone(festival), phone(festival))
        for act, number in zip(acts, numbers, strict=True):
            festival.award(act, 10, "koi", "1")
            bind(festival, act, number)
        answers = festival.at_once(lambda n, acts=acts, numbers=numbers: bind(festival, acts[n], numbers[1 - n]), 2)
        assert all(answer in acts for answer in answers)
        families = [identities.family(festival.desk, act) for act in acts]
        assert families[0] == families[1] and not families[0].merging
        assert festival.page(acts[0]).balance_fen == festival.page(acts[1]).balance_fen == 20


def test_b01_a_withdrawal_goes_on_under_the_other_act_id(festival: Festival, pair: tuple[int, int, str]) -> None:
    """Under its key it is one withdrawal before and after; what the bank refuses comes back to the holder."""
    alias, holder, number = pair
    festival.award(alias, 80, "koi", "1")
    done = festival.withdraw(alias, 30, "leave")
    bind(festival, alias, number)
    assert festival.withdraw(alias, 30, "leave") == done and done.state == PAID
    assert festival.withdraw(alias, 20).state == PAID and festival.page(holder).balance_fen == 30


def test_b01_money_that_the_bank_refuses_follows(
    festival: Festival, pair: tuple[int, int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A withdrawal is under way while its person is merged."""
    alias, holder, number = pair
    festival.award(alias, 80, "koi", "1")
    with monkeypatch.context() as patched:
        patched.setattr(type(festival.desk.bank), "send", lambda *_: "unknown")
        asked = festival.withdraw(alias, 70)
    bind(festival, alias, number)
    assert festival.page(holder).balance_fen == 10
    assert festival.reconcile_withdrawals().repaired >= 1
    assert festival.page(holder).balance_fen == 80 and asked.act == alias


def test_b01_others_tokens_stay_foreign(festival: Festival, pair: tuple[int, int, str]) -> None:
    """Being merged with one person opens nobody else's tokens."""
    alias, holder, number = pair
    token = festival.award(alias, 20, "rain", "1").token
    assert festival.page(holder, token).refused == 1
    bind(festival, alias, number)
    assert festival.page(holder, token).refused == 0
    assert festival.page(festival.act(), token).refused == 1
