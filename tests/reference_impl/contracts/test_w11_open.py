"""Opening: sums exact, one share a person, the same key the same answer, however many come at once (W11, W15, W22)."""

import threading
import time
from typing import Any, cast

import pytest
import sqlalchemy as sa
from night import Night, together

from reference_impl.domain.errors import Refused
from reference_impl.domain.packet import OpenRequest, Voucher
from reference_impl.packets.open import serve_batch
from reference_impl.resilience import samples as sampling
from reference_impl.stores.ops_tables import OPS


def made(results: list[Voucher | BaseException]) -> list[Voucher]:
    return [one for one in results if isinstance(one, Voucher)]


def reasons(results: list[Voucher | BaseException]) -> set[str]:
    """Why the others were refused; anything but a refusal shows as what it is."""
    failed = (one for one in results if isinstance(one, BaseException))
    return {one.code if isinstance(one, Refused) else repr(one) for one in failed}


def whole(night: Night, packet: str, vouchers: list[Voucher]) -> bool:
    """Do the answers, the rows and the packet agree to the fen, with dense sequences and a share a person?"""
    row = night.row(packet)
    assert row
    vouchers = sorted(vouchers, key=lambda v: v.sequence)
    left, remaining = row.total_fen, []
    for voucher in vouchers:
        left -= voucher.amount_fen
        remaining.append(left)
    return (
        night.opens(packet) == vouchers
        and [v.sequence for v in vouchers] == list(range(1, len(vouchers) + 1))
        and [v.remaining_fen for v in vouchers] == remaining
        and len({v.person for v in vouchers}) == len(vouchers)
        and (row.remaining_fen, row.remaining_shares) == (left, row.shares - len(vouchers))
    )


@pytest.mark.parametrize("kind", ["lucky", "equal"])
def test_w15_thirty_two_open_twenty_shares(night: Night, kind: str) -> None:
    """Twenty get a share, twelve are told that it is sold out; the shares are the total; equal ones are equal."""
    packet = night.paid(2000, 20, kind=kind)
    results = together([lambda: night.open(packet)] * 32)
    assert len(made(results)) == 20
    assert reasons(results) == {"sold_out"}
    assert sum(v.amount_fen for v in made(results)) == 2000
    assert whole(night, packet, made(results))
    assert kind == "lucky" or {v.amount_fen for v in made(results)} == {100}
    assert night.row(packet).state == "exhausted"  # type: ignore[union-attr]


def test_w11_uniqueness_is_the_databases(night: Night) -> None:
    """Two processes that know nothing of each other serve one packet: still exact."""
    packet = night.paid(2000, 20)
    other = night.like()
    results = together([lambda n=n: (night, other)[n % 2].open(packet) for n in range(32)])
    assert len(made(results)) == 20
    assert reasons(results) == {"sold_out"}
    assert whole(night, packet, made(results))
    other.system.close()


@pytest.mark.parametrize("group_commit", [True, False])
def test_w11_the_cap(night: Night, group_commit: bool) -> None:
    """At most four at once: together no message is larger; alone those beyond are limited; all stays exact."""
    packet = night.paid(3200, 32)
    capped = night.like(group_commit=group_commit, group_most=4, group_wait_ms=20.0)
    results = together([lambda: capped.open(packet)] * 32)
    sizes = [len(debt.vouchers) for debt in night.messages()]
    assert sum(sizes) == len(made(results))
    assert reasons(results) <= {"limited"}
    assert whole(night, packet, made(results))
    if group_commit:
        assert len(made(results)) == 32
        assert max(sizes) == 4
    else:
        assert set(sizes) == {1}
    capped.system.close()


def test_w11_those_who_wait_share_a_transaction(night: Night) -> None:
    """Thirty-two opens that meet in the waiting time leave far fewer transactions and messages than opens."""
    packet = night.paid(3200, 32)
    patient = night.like(group_wait_ms=100.0)
    results = together([lambda: patient.open(packet)] * 32)
    assert len(made(results)) == 32
    assert len(night.messages()) <= 8
    assert len({v.made_us for v in night.opens(packet)}) <= 8
    patient.system.close()


def served(night: Night, packet: str, requests: list[OpenRequest]) -> list[Any]:
    """The answers of one batch, published."""
    batch = serve_batch(night.system, packet, requests)
    batch.publish()
    return batch.answers


def test_w11_served_in_the_order_they_came(night: Night) -> None:
    """Within a batch the sequence is the order of arrival."""
    packet = night.paid(1000, 8)
    people = [night.person() for _ in range(8)]
    answers = served(night, packet, [OpenRequest(person, night.key()) for person in people])
    assert [(v.person, v.sequence) for v in answers] == [(person, n) for n, person in enumerate(people, 1)]


@pytest.mark.parametrize("place", [0, 3, 7])
def test_w11_one_bad_member_is_taken_out(night: Night, place: int) -> None:
    """A member that the database cannot take fails alone; the seven others have their shares, densely numbered."""
    packet = night.paid(1000, 8)
    requests = [OpenRequest(night.person(), night.key()) for _ in range(8)]
    requests[place] = OpenRequest(night.person(), cast(str, None))
    answers = served(night, packet, requests)
    assert isinstance(answers[place], sa.exc.IntegrityError)
    assert len(made(answers)) == 7
    assert whole(night, packet, made(answers))
    assert sum(len(debt.vouchers) for debt in night.messages()) == 7


@pytest.mark.servers
def test_w11_a_member_too_long_for_its_column_is_taken_out(servers_night: Night) -> None:
    """On MariaDB a value that no column holds fails alone as well, whatever error the server has for it."""
    night = servers_night
    packet = night.paid(1000, 4)
    requests = [OpenRequest(night.person(), night.key()) for _ in range(4)]
    requests[2] = OpenRequest(night.person(), "k" * 65)
    answers = served(night, packet, requests)
    assert isinstance(answers[2], sa.exc.SQLAlchemyError)
    assert len(made(answers)) == 3
    assert whole(night, packet, made(answers))


def test_w11_nobody_is_answered_before_the_commit(night: Night) -> None:
    """Whoever has an answer finds the voucher in the database, read by another process, in the same instant."""
    packet = night.paid(3200, 32)
    reader = night.like()

    def open_and_look() -> bool:
        voucher = night.open(packet)
        return voucher in reader.opens(packet)

    assert together([open_and_look] * 16) == [True] * 16
    reader.system.close()


def test_w22_a_storm_of_retries_under_one_key(night: Night) -> None:
    """Sixteen times the same key, in two processes, is one voucher sixteen times; another key afterwards is refused."""
    packet = night.paid(1000, 4)
    person, key = night.person(), night.key()
    other = night.like()
    results = together([lambda n=n: (night, other)[n % 2].open(packet, person, key) for n in range(16)])
    (voucher,) = {v.voucher: v for v in made(results)}.values()
    assert made(results) == [voucher] * 16
    assert night.opens(packet) == [voucher]
    assert reasons(together([lambda: night.open(packet, person)])) == {"already_opened"}
    other.system.close()


def test_w22_many_keys_of_one_person_open_once(night: Night) -> None:
    """Eight double taps under eight keys: one has the share, seven are told that this person has opened."""
    packet = night.paid(1000, 4)
    person = night.person()
    results = together([lambda: night.open(packet, person)] * 8)
    assert len(made(results)) == 1
    assert reasons(results) == {"already_opened"}
    assert whole(night, packet, made(results))


def test_w22_a_replay_is_answered_after_everything(night: Night) -> None:
    """Sold out, then credited, then past its time: the same key still gets its first answer."""
    packet = night.paid(1000, 2)
    person, key = night.person(), night.key()
    first = night.open(packet, person, key)
    night.open(packet)
    night.credit()
    assert night.open(packet, person, key) == first
    night.expire(packet)
    assert night.open(packet, person, key) == first
    late = night.paid(1000, 2)
    early = night.open(late, person, key)
    night.expire(late)
    assert night.refund(late)
    assert night.open(late, person, key) == early
    assert reasons(together([lambda: night.open(late)])) == {"expired"}


def test_an_unknown_packet_is_unknown(night: Night) -> None:
    """An id that was never given, in a shard that is there and in one that is not, is refused alike."""
    packet = night.paid()
    for stranger in (packet[:-8] + "99999999", packet[:11] + "77" + packet[13:]):
        assert reasons(together([lambda s=stranger: night.open(s)] * 3)) == {"unknown_packet"}


def test_w11_opens_wait_for_a_slow_commit(night: Night) -> None:
    """While another transaction holds the packet's row, opens wait, and are then all served."""
    packet = night.paid(1000, 8)

    def hold() -> None:
        def work(connection: sa.Connection) -> None:
            connection.execute(sa.text(f"UPDATE {_packets(packet)} SET sender = sender WHERE packet = '{packet}'"))
            time.sleep(0.3)

        night.store(packet).write(work)

    results = together([hold, *[lambda: night.open(packet)] * 8])
    assert len([r for r in results if isinstance(r, Voucher)]) == 8


def _packets(packet: str) -> str:
    return f"packets_{int(packet[11:13])}_{packet[9:11]}"


# --- samples ----------------------------------------------------------------------------------------------------------


def samples(night: Night, packet: str) -> list[tuple[int, int]]:
    """What processes wrote of a packet: how many were inside, and how many may be."""
    night.system.samples.write()
    query = sa.select(OPS.samples.c.inside, OPS.samples.c.cap).where(OPS.samples.c.packet == packet)
    return [tuple(row) for row in night.system.ops.read(lambda connection: connection.execute(query).all())]


@pytest.mark.parametrize("group_commit", [True, False])
def test_w11_a_process_says_how_many_it_had_inside(night: Night, group_commit: bool) -> None:
    """While the row is locked opens pile up: as many as the cap and no more; what was written never becomes less."""
    packet = night.paid(3200, 32)
    capped = night.like(group_commit=group_commit, group_most=4, group_wait_ms=20.0)
    together([lambda: capped.open(packet)] * 32)
    ((inside, cap),) = samples(capped, packet)
    assert cap == 4 and (inside == 4 if group_commit else 2 <= inside <= 4)
    assert reasons(together([lambda: capped.open(packet, 7, "again")])) <= {"sold_out"}
    assert samples(capped, packet) == [(inside, cap)]
    capped.system.close()


def test_w11_the_counter_knows_nothing_of_the_limiter(night: Night) -> None:
    """A limiter that lets everybody in is seen: more were inside than may be."""
    packet = night.paid(3200, 32)
    broken = night.like(group_commit=False, group_most=2)
    broken.system.opens._most = 100  # type: ignore[attr-defined]
    gate = threading.Barrier(5)

    def hold() -> None:
        def work(connection: sa.Connection) -> None:
            connection.execute(sa.text(f"UPDATE {_packets(packet)} SET sender = sender WHERE packet = '{packet}'"))
            gate.wait(10)
            time.sleep(0.3)

        night.store(packet).write(work)

    def open_one() -> Voucher:
        gate.wait(10)
        return broken.open(packet)

    assert len(made(together([hold, *[open_one] * 4]))) == 4
    assert samples(broken, packet) == [(4, 2)]
    broken.system.close()


def test_w11_samples_survive_a_database_that_is_away(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written is written the next time; nobody's open waits for it."""
    night.system.samples.write()  # of what other tests have opened
    packet = night.paid(1000, 2)
    night.open(packet)
    with monkeypatch.context() as patch:
        patch.setattr(sampling, "keep_most", lambda *_: _raise(sa.exc.OperationalError("", {}, Exception("away"))))
        assert samples(night, packet) == []
    assert samples(night, packet) == [(1, night.system.settings.group_most)]


def _raise(error: Exception) -> None:
    raise error
