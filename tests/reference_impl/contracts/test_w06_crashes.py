"""A consumer dies at every statement and every command: whatever it had done, each voucher is credited once (W06)."""

import contextlib

import pytest
from dying import Dead, dying
from night import Night
from test_w06_credit import arrived_once, rested

from reference_impl.domain.packet import OpenRequest, Voucher
from reference_impl.packets import consuming, crediting
from reference_impl.packets.open import serve_batch
from reference_impl.stores import stream

MOST_CALLS = 60
"""More than a consumer makes for one message."""


def batch(night: Night) -> list[Voucher]:
    """Vouchers of one message, of people in both ledger shards."""
    packet = night.paid(1000, 4)
    sender = night.row(packet).sender  # type: ignore[union-attr]
    people = [night.person(), night.in_other_shard(sender), night.in_other_shard(sender + 1), sender]
    served = serve_batch(night.system, packet, [OpenRequest(person, night.key()) for person in people])
    served.publish()
    return served.answers


def recovered(night: Night, vouchers: list[Voucher]) -> None:
    """Whoever comes next finishes what is left."""
    rested(night)
    for _ in range(3):
        night.credit()
        consuming.take_over(night.system, crediting.JOB, "living")
        rested(night)
    assert arrived_once(night, vouchers)
    assert stream.backlog(night.system.stream, False) == 0
    assert night.messages(stream.DEAD) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("work", [consuming.run_once, consuming.take_over])
def test_w06_a_consumer_dies_at_every_call(night: Night, when: str, work: object) -> None:
    """Before each call and after each, with a fresh message and with one that was left: never lost, never twice."""
    for call in range(1, MOST_CALLS):
        vouchers = batch(night)
        if work is consuming.take_over:
            list(stream.receive(night.system.stream, stream.CREDIT, False, "dead"))
            rested(night)
        doomed, death = dying(night, call, when)
        with contextlib.suppress(Dead):
            work(doomed.system, crediting.JOB, "doomed")  # type: ignore[operator]
        doomed.system.close()
        recovered(night, vouchers)
        if not death.came:
            break
    assert 15 < call < MOST_CALLS - 1
