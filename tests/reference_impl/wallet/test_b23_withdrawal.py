"""Withdrawal: never more than the balance, never twice, whatever the bank does (B23)."""

from typing import Any

import pytest
from festival import Festival

from reference_impl.domain.errors import Refused
from reference_impl.ledger import payouts
from reference_impl.wallet.bank_books import Books
from reference_impl.wallet.withdrawal import Withdrawal, number_of


def books(festival: Festival) -> Books:
    bank: Any = festival.desk.bank
    found: Books = bank._bank
    return found


def test_b23_asking_credits_what_was_only_promised(festival: Festival) -> None:
    """Three awards wait in the stream: all of them can be withdrawn at once."""
    act = festival.act()
    tokens = [festival.award(act, 100).token for _ in range(3)]
    assert festival.withdraw(act, 300, "", *tokens).state == "paid"
    festival.credit()
    shown = festival.page(act, *tokens)
    assert (shown.balance_fen, shown.income_fen) == (0, 300)


def test_b23_double_taps_pay_once(festival: Festival) -> None:
    """The same key twenty times at once is one withdrawal; other keys get what is left and no more."""
    act, key = festival.act(), festival.key()
    festival.award(act, 500)
    same = festival.at_once(lambda _: festival.withdraw(act, 200, key), 20)
    assert {answer.withdrawal for answer in same} == {number_of(act, key)}
    assert festival.withdraw(act, 200, key).state == "paid" and festival.page(act).balance_fen == 300
    others = festival.at_once(lambda n: festival.withdraw(act, 100, f"{key}-{n}"), 10)
    paid = [answer for answer in others if isinstance(answer, Withdrawal)]
    assert len(paid) == 3 and {answer.code for answer in others if isinstance(answer, Refused)} == {
        "insufficient_funds"
    }
    assert festival.page(act).balance_fen == 0


def test_b23_a_key_is_for_one_amount(festival: Festival) -> None:
    """The same key with another amount is refused and moves nothing."""
    act, key = festival.act(), festival.key()
    festival.award(act, 500)
    festival.withdraw(act, 200, key)
    with pytest.raises(Refused) as refused:
        festival.withdraw(act, 100, key)
    assert refused.value.code == "key_bound" and festival.page(act).balance_fen == 300


@pytest.mark.parametrize("applied", [False, True])
def test_b23_money_is_in_transit_until_the_bank_answers(
    festival: Festival, monkeypatch: pytest.MonkeyPatch, applied: bool
) -> None:
    """The bank does not answer: whether it has paid or not, its later word settles it, and nothing is paid twice."""
    act, key = festival.act(), festival.key()
    festival.award(act, 500)
    send = festival.desk.bank.send

    def mute(*arguments: Any) -> str:
        if applied:
            send(*arguments)
        return "unknown"

    with monkeypatch.context() as patched:
        patched.setattr(festival.desk.bank, "send", mute)
        assert festival.withdraw(act, 200, key).state == "asked"
    assert festival.page(act).balance_fen == 300
    festival.reconcile_withdrawals()
    state = "paid" if applied else "refused"
    assert festival.withdraw(act, 200, key).state == state
    assert festival.page(act).balance_fen == (300 if applied else 500)


def test_b23_what_the_bank_refuses_comes_back(festival: Festival, monkeypatch: pytest.MonkeyPatch) -> None:
    """A definite refusal returns the money, once."""
    act, key = festival.act(), festival.key()
    festival.award(act, 500)
    with monkeypatch.context() as patched:
        patched.setattr(
            festival.desk.bank, "send", lambda number, who, fen, tagged: books(festival).refuse(number, who, tagged)
        )
        assert festival.withdraw(act, 200, key).state == "refused"
    assert festival.withdraw(act, 200, key).state == "refused"
    festival.reconcile_withdrawals()
    assert festival.page(act).balance_fen == 500


def test_b23_a_crash_before_money_moved_leaves_nothing_to_come(
    festival: Festival, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies when only the number is bound: it is called off, and a late second try moves nothing."""
    act, key = festival.act(), festival.key()
    festival.award(act, 500)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(payouts, "set_aside", dies)
        with pytest.raises(KeyboardInterrupt):
            festival.withdraw(act, 200, key)
    festival.reconcile_withdrawals()
    assert festival.withdraw(act, 200, key).state == "refused" and festival.page(act).balance_fen == 500
    with pytest.raises(Refused) as refused:
        payouts.set_aside(festival.system.ledger, act, number_of(act, key), 200, False)
    assert refused.value.code == "void" and festival.page(act).balance_fen == 500
