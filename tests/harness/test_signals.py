"""A signal to end is heard after the code that might swallow it, and a second one at once."""

import signal

import pytest

from harness.signals import held_back


class Ended(BaseException):
    """What the signal raises."""


@pytest.fixture
def ending() -> object:
    """SIGTERM raises Ended here."""

    def end(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGTERM, end)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("ending")
def test_what_catches_everything_does_not_swallow_the_end() -> None:
    """The first signal waits for the block's end."""
    said = []
    with pytest.raises(Ended), held_back():
        try:
            signal.raise_signal(signal.SIGTERM)
            said.append("went on")
        except BaseException:  # noqa: BLE001 as code under test does
            said.append("swallowed")
    assert said == ["went on"]


@pytest.mark.usefixtures("ending")
def test_a_second_signal_is_heard_at_once() -> None:
    """Whoever asks twice wants out now, also out of code that never ends."""
    said = []
    with pytest.raises(Ended), held_back():
        signal.raise_signal(signal.SIGTERM)
        try:
            signal.raise_signal(signal.SIGTERM)
        except Ended:
            said.append("at once")
    assert said == ["at once"]


@pytest.mark.usefixtures("ending")
def test_handlers_are_put_back() -> None:
    """After the block, and without a signal in it, nothing has changed."""
    before = signal.getsignal(signal.SIGTERM)
    with held_back():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
