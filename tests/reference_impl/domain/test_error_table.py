"""The table of errors is what the API promises: every refusal has a status, a meaning, and says if it is definite."""

import re
from pathlib import Path

import pytest

import reference_impl
from reference_impl.domain.errors import ERRORS, Refused

SOURCES = [path for path in Path(reference_impl.__file__).parent.rglob("*.py") if "mutants" not in path.parts]


@pytest.mark.parametrize("code", ERRORS)
def test_an_entry_is_complete(code: str) -> None:
    """A code is a word in lower case, its status an HTTP error, its meaning a short sentence without a full stop."""
    kind = ERRORS[code]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    assert 400 <= kind.status <= 599
    assert 10 <= len(kind.meaning) <= 100 and not kind.meaning.endswith(".")


def test_what_is_not_our_fault_is_definite() -> None:
    """A 4xx says that nothing happened, but where the cache may have forgotten; a 5xx that something may have."""
    assert {code for code, kind in ERRORS.items() if kind.definite} == {
        code for code, kind in ERRORS.items() if kind.status < 500 and code != "no_preorder"
    }


def test_meanings_are_told_apart() -> None:
    """No two codes mean the same."""
    assert len({kind.meaning for kind in ERRORS.values()}) == len(ERRORS)


def test_every_code_that_is_raised_is_in_the_table() -> None:
    """No refusal is made with a code that the table has not."""
    raised = {
        code for path in SOURCES for code in re.findall(r"Refused\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))
    }
    assert {"unknown_packet", "key_bound", "limited"} <= raised <= set(ERRORS)


def test_a_refusal_says_what_and_why() -> None:
    """The message is the meaning, with the particular after a colon; an unknown code is a programming error."""
    assert str(Refused("sold_out")) == ERRORS["sold_out"].meaning
    assert str(Refused("sold_out", "seven")).endswith("is left: seven")
    with pytest.raises(KeyError):
        Refused("nonsense")
