"""The invariants that weigh what clients were told against the evidence: real violations are caught, and retries,
lost answers and clocks that differ never lead to an accusation."""

from worlds import World

MS = 1_000_000
HISTORICAL = (
    "no_lost_acknowledgement",
    "no_phantom",
    "sold_out_is_final",
    "open_order",
    "idempotent_requests",
    "ids_unique",
)


def opened(total_fen: int = 1_000, shares: int = 3, people: tuple[str, ...] = ("11", "12")) -> tuple[World, str]:
    world = World(seed=5)
    packet = world.packet(total_fen=total_fen, shares=shares)
    for person in people:
        world.open(packet, person)
    return world, packet


def sold_out(**clocks: object) -> tuple[World, str]:
    """A packet of two shares; person 11 has one, 99 was told at 2 s that none is left (which is true later)."""
    world = World(seed=5, **clocks)
    packet = world.packet(shares=2)
    world.open(packet, "11")
    return world, packet


def accused(world: World, name: str) -> list[str]:
    """The sentences of a violated verdict; none if it holds."""
    verdict = world.verdict(name)
    assert verdict.verdict in ("violated", "holds"), verdict.reason
    assert (verdict.verdict == "violated") == bool(verdict.violations)
    return [witness.sentence for witness in verdict.witnesses]


# --- no_lost_acknowledgement ------------------------------------------------------------------------------------------


def test_an_answered_share_that_is_not_written_is_lost() -> None:
    """The client was told of a share which no store has."""
    world, packet = opened()
    world.finish().rows["opens"].pop()
    (sentence, *_) = accused(world, "no_lost_acknowledgement")
    assert "w0/5: person 12 was told" in sentence and f"packet {packet} (share 2)" in sentence


def test_an_answered_amount_must_be_the_written_amount() -> None:
    """The same person, packet and sequence with another amount is a lost acknowledgement, also one sequence off."""
    for column, value in (("amount_fen", 1), ("sequence", 9)):
        world, packet = opened()
        world.finish().find("opens", packet=packet, person="12")[column] = value
        assert accused(world, "no_lost_acknowledgement")


def test_a_paid_packet_must_stand_and_be_funded() -> None:
    """A payment acknowledged `ok` needs its packet, alive, with the same total, and its money in escrow."""
    world, packet = opened()
    world.finish().rows["packets"].clear()
    assert "is paid with 1000 fen, and it is not" in accused(world, "no_lost_acknowledgement")[0]
    for column, value in (("state", "void"), ("total_fen", 999), ("sender", "77")):
        world, packet = opened()
        world.finish().find("packets", packet=packet)[column] = value
        assert accused(world, "no_lost_acknowledgement")
    world, packet = opened()
    world.finish().find("postings", kind="pay", account_kind="escrow")["amount_fen"] = 10
    assert accused(world, "no_lost_acknowledgement")


def test_funds_must_be_in_the_ledger_of_the_same_person() -> None:
    """An acknowledged funding needs its entry, its amount and its own account."""
    for change in ({"entry": "fund:other"}, {"amount_fen": 1}, {"account": "user:11"}):
        world, _ = opened()
        line = world.finish().find("postings", kind="fund", account_kind="user")
        line.update(change)
        world.balance()
        assert "added" in accused(world, "no_lost_acknowledgement")[0]


def test_a_replayed_answer_is_one_voucher() -> None:
    """Ten `ok` answers to one key need one voucher only, and an `info` that never happened needs none."""
    world, packet = opened()
    key = world.key()
    for _ in range(10):
        world.open(packet, "13", key=key)
    world.open(packet, "14", fate="dropped")
    assert accused(world.finish(), "no_lost_acknowledgement") == []


# --- no_phantom -------------------------------------------------------------------------------------------------------


def test_a_share_of_someone_who_never_asked_is_a_phantom() -> None:
    """A voucher of a person who sent nothing, or whose every attempt was refused, came out of nowhere."""
    world, _ = opened()
    world.finish().find("opens", person="12")["person"] = "66"
    assert "person 66 holds" in accused(world, "no_phantom")[0]
    world, _packet = opened()
    world.finish().find("history", operation="open", person="12").update(outcome="fail", reason="limited")
    assert "person 12 holds" in accused(world, "no_phantom")[0]


def test_a_share_under_a_refused_key_is_a_phantom() -> None:
    """An effect under a key whose attempt surely failed is a phantom, though another key of the person succeeded."""
    world, packet = opened()
    world.refused(packet, "12", reason="limited", name="open")
    refused = world.finish().find("history", outcome="fail")
    world.find("opens", person="12")["key"] = refused["key"]
    assert accused(world, "no_phantom")


def test_packets_refunds_and_funds_need_somebody_who_asked() -> None:
    """A packet nobody paid, a refund of no packet, an entry nobody asked for."""
    world, packet = opened()
    world.finish().find("history", operation="pay").update(outcome="fail", reason="insufficient_funds")
    assert "never paid for it" in accused(world, "no_phantom")[0]
    world, packet = opened()
    world.expire(packet)
    world.finish().find("refunds")["packet"] = "P77"
    assert "does not stand anywhere" in accused(world, "no_phantom")[0]
    world, packet = opened()
    world.finish().find("history", operation="fund")["key"] = "another"
    assert "nobody asked" in accused(world, "no_phantom")[0]


def test_an_answer_that_was_lost_makes_no_phantom() -> None:
    """A voucher or a packet whose only attempt ended as `info` was asked for; a tombstone needs no payment."""
    world, packet = opened()
    world.open(packet, "13", fate="lost")
    world.find("history", operation="pay").update(outcome="info", done_ns=None)
    world.rows["packets"].append({"store": "south_0", "packet": "P8", "state": "void", "tag": False})
    assert accused(world.finish(), "no_phantom") == []


# --- sold_out_is_final ------------------------------------------------------------------------------------------------


def test_an_opening_asked_for_after_sold_out_is_caught() -> None:
    """One clock: told sold out, then another's opening was sent and succeeded. Answered, lost or with retries."""
    for fates in (("answered",), ("lost",), ("lost", "answered"), ("dropped", "lost")):
        world, packet = sold_out()
        world.refused(packet, "99")
        key = world.key()
        for fate in fates:
            world.open(packet, "12", key=key, fate=fate)
        sentences = accused(world.finish(), "sold_out_is_final")
        assert sentences and "person 12 opened packet P1" in sentences[0], fates


def test_a_sold_out_answer_to_an_opening_counts_as_one_to_a_grab() -> None:
    """`open` answers sold out as well as `grab`; any other refusal says nothing."""
    for name, reason, caught in (("open", "sold_out", True), ("open", "limited", False), ("grab", "expired", False)):
        world, packet = sold_out()
        world.refused(packet, "99", name=name, reason=reason)
        world.open(packet, "12")
        world.refused(world.packet(), "99")
        assert bool(accused(world.finish(), "sold_out_is_final")) == caught


def test_sent_before_the_answer_is_no_accusation() -> None:
    """An opening sent while the sold-out answer was on its way may have succeeded."""
    world, packet = sold_out()
    start = world.true_ns
    world.refused(packet, "99", sent_ns=start, done_ns=start + 10 * MS)
    world.open(packet, "12", sent_ns=start + 9 * MS, arrive_ns=start + 9 * MS)
    assert accused(world.finish(), "sold_out_is_final") == []


def test_a_replayed_success_is_no_accusation() -> None:
    """The first attempt took the share; its retries after sold-out only repeat the answer."""
    for fate in ("answered", "lost"):
        world, packet = sold_out()
        key = world.key()
        world.open(packet, "12", key=key, fate=fate)
        world.refused(packet, "99")
        world.open(packet, "12", key=key)
        assert accused(world.finish(), "sold_out_is_final") == []


def test_an_attempt_that_may_have_happened_excuses_its_retry() -> None:
    """The first attempt's fate is open, so the success of the retry after sold-out may be the first one's."""
    world, packet = sold_out()
    key = world.key()
    world.open(packet, "12", key=key, fate="dropped")
    world.refused(packet, "99")
    world.open(packet, "12", key=key)
    assert accused(world.finish(), "sold_out_is_final") == []


def test_a_refused_attempt_excuses_nothing() -> None:
    """An attempt before sold-out that surely failed, or one under another key than the evidence names, is no excuse."""
    world, packet = sold_out()
    world.refused(packet, "12", reason="limited", name="open")
    world.refused(packet, "99")
    world.open(packet, "12")
    assert accused(world.finish(), "sold_out_is_final")
    world, packet = sold_out()
    world.open(packet, "12", fate="dropped")
    world.refused(packet, "99")
    world.open(packet, "12")
    assert accused(world.finish(), "sold_out_is_final")
    for row in world.rows["opens"]:
        row["key"] = None
    assert accused(world, "sold_out_is_final") == []


def test_a_refused_attempt_of_the_same_key_excuses_nothing() -> None:
    """The key's first attempt came before sold-out and surely failed: the success is the retry's, which came after."""
    world, packet = sold_out()
    refused = world.refused(packet, "12", reason="limited", name="open")
    world.refused(packet, "99")
    world.open(packet, "12", key=refused["key"])
    assert accused(world.finish(), "sold_out_is_final")


def test_an_attempt_without_effect_is_no_opening() -> None:
    """A request sent after sold-out whose fate is open, and of which the evidence shows nothing, opened nothing."""
    world, packet = sold_out()
    world.refused(packet, "99")
    world.open(packet, "12", fate="dropped")
    assert accused(world.finish(), "sold_out_is_final") == []


def test_clocks_that_differ_widen_sold_out() -> None:
    """Two workers are compared only beyond the error of both clocks; one worker always exactly."""
    for lead_ns, caught in ((9 * MS, False), (11 * MS, True)):
        world, packet = sold_out(clocks={"w0": 0, "w1": 0}, clock_error_ns=5 * MS)
        told = world.refused(packet, "99")
        sent = told["done_ns"] + lead_ns
        world.open(packet, "12", sent_ns=sent, worker="w1")
        assert bool(accused(world.finish(), "sold_out_is_final")) == caught
    world, packet = sold_out(clocks={"w0": 0, "w1": 0}, clock_error_ns=5 * MS)
    told = world.refused(packet, "99")
    world.open(packet, "12", sent_ns=told["done_ns"] + 1)
    assert accused(world.finish(), "sold_out_is_final")


def test_nothing_sold_out_is_nothing_seen() -> None:
    """A run without a sold-out answer says nothing about sold out."""
    world, _ = opened()
    verdict = world.finish().verdict("sold_out_is_final")
    assert (verdict.verdict, verdict.reason) == ("unknown", "saw nothing")


# --- open_order -------------------------------------------------------------------------------------------------------


def swap(world: World, packet: str) -> None:
    """Give two openings each other's sequence, with a chain of remainders that is right again."""
    first, second = world.opens(packet)
    first["sequence"], second["sequence"] = 2, 1
    second["remaining_fen"] = 1_000 - second["amount_fen"]
    first["remaining_fen"] = second["remaining_fen"] - first["amount_fen"]


def forget_answers(world: World) -> None:
    for row in world.all("history", operation="open"):
        row.update(sequence=None, remaining_fen=None)


def test_an_order_against_real_time_is_caught() -> None:
    """Share 2 was answered before share 1 was asked for; with lost answers on the later one as well."""
    world, packet = opened()
    swap(world.finish(), packet)
    forget_answers(world)
    assert "before an earlier share was even asked for" in accused(world, "open_order")[0]
    world.find("history", operation="open", person="12").update(outcome="info", done_ns=None)
    assert accused(world, "open_order")


def test_openings_at_the_same_time_may_stand_in_any_order() -> None:
    """Two requests in flight together, or a success known only from the evidence, prove no order."""
    world, packet = opened()
    swap(world.finish(), packet)
    forget_answers(world)
    world.find("history", operation="open", person="12")["sent_ns"] = world.find(
        "history", operation="open", person="11"
    )["sent_ns"]
    assert accused(world, "open_order") == []
    world, packet = opened()
    swap(world.finish(), packet)
    forget_answers(world)
    world.find("history", operation="open", person="11").update(outcome="info")
    assert accused(world, "open_order") == []


def test_only_the_first_attempt_and_the_first_answer_of_a_key_count() -> None:
    """A share taken by a lost first attempt keeps its early place, however late it is answered again."""
    world = World(seed=5)
    packet = world.packet(total_fen=1_000, shares=3)
    key = world.key()
    world.open(packet, "11", key=key, fate="lost")
    world.open(packet, "12")
    world.open(packet, "11", key=key)
    world.open(packet, "12", key=world.find("opens", person="12")["key"])
    assert accused(world.finish(), "open_order") == []


def test_clocks_that_differ_widen_the_order() -> None:
    """Two workers whose clocks may be off by 5 ms each prove an order only from 10 ms on."""
    for gap_ns, caught in ((9 * MS, False), (11 * MS, True)):
        world = World(seed=5, clocks={"w0": 0, "w1": 0}, clock_error_ns=5 * MS)
        packet = world.packet(total_fen=1_000, shares=3)
        done = world.open(packet, "11")["done_ns"]
        world.open(packet, "12", sent_ns=done + gap_ns, worker="w1")
        swap(world.finish(), packet)
        forget_answers(world)
        assert bool(accused(world, "open_order")) == caught


def test_one_clock_proves_an_order_exactly() -> None:
    """However far a worker's clock may be off, it agrees with itself: 1 ns between answer and request is enough."""
    world = World(seed=5, clock_error_ns=5 * MS)
    packet = world.packet(total_fen=1_000, shares=3)
    done = world.open(packet, "11")["done_ns"]
    world.open(packet, "12", sent_ns=done + 1)
    swap(world.finish(), packet)
    forget_answers(world)
    assert accused(world, "open_order")


def test_remaining_falls_by_each_amount() -> None:
    """A remainder that was not lessened, an amount that does not fit, a sequence that stands twice or is missing."""
    for person, column, value in (
        ("11", "remaining_fen", 1_000),
        ("12", "remaining_fen", -1),
        ("12", "amount_fen", 1),
        ("12", "sequence", 1),
        ("12", "sequence", 3),
        ("11", "sequence", 0),
    ):
        world, _packet = opened()
        forget_answers(world.finish())
        world.find("opens", person=person)[column] = value
        assert accused(world, "open_order"), (person, column, value)


def test_clients_are_told_what_the_evidence_says() -> None:
    """A sequence or a remainder that the client was told and the store does not have."""
    for column, value in (("sequence", 3), ("remaining_fen", 1)):
        world, _packet = opened()
        world.finish().find("history", operation="open", person="12")[column] = value
        assert "its client was told" in accused(world, "open_order")[0]


# --- idempotent_requests ----------------------------------------------------------------------------------------------


def test_two_answers_to_one_key_are_caught() -> None:
    """Two `ok` answers that differ in amount, sequence, remaining or packet, or one that leaves it out."""
    for column, value in (
        ("amount_fen", 1),
        ("sequence", 7),
        ("remaining_fen", 7),
        ("subject", "P2"),
        ("amount_fen", None),
    ):
        world, packet = opened()
        key = world.key()
        world.open(packet, "13", key=key)
        again = world.open(packet, "13", key=key)
        assert accused(world.finish(), "idempotent_requests") == []
        again[column] = value
        assert "answers differ" in accused(world, "idempotent_requests")[0]


def test_two_effects_of_one_key_are_caught() -> None:
    """One key that opened two shares, or whose funding was entered twice."""
    world, _ = opened()
    voucher = world.finish().find("opens", person="12")
    world.rows["opens"].append({**voucher, "packet": "P9", "voucher": "P9-1"})
    assert "it had 2 effects" in accused(world, "idempotent_requests")[0]
    world, _packet = opened()
    line = world.finish().find("postings", kind="fund", account_kind="user")
    world.rows["postings"].append({**line, "number": 99})
    assert "it had 2 effects" in accused(world, "idempotent_requests")[0]


def test_a_success_cannot_be_refused_later() -> None:
    """Once a key was answered `ok`, a later attempt may be limited, and it may not be told sold out."""
    for reason, caught in (("sold_out", True), ("expired", True), ("limited", False), ("refused", False)):
        world, packet = opened()
        row = world.refused(packet, "12", reason=reason, name="open")
        row["key"] = world.find("opens", person="12")["key"]
        assert bool(accused(world.finish(), "idempotent_requests")) == caught, reason


def test_a_refusal_in_flight_with_the_success_is_no_accusation() -> None:
    """What was asked before the success was answered, or under another key, may be refused."""
    world, packet = opened()
    success = world.find("history", operation="open", person="12")
    row = world.refused(packet, "12", reason="not_paid", name="open", sent_ns=success["sent_ns"])
    row["key"] = success["key"]
    world.refused(packet, "12", reason="already_opened", name="open")
    assert accused(world.finish(), "idempotent_requests") == []


def test_the_same_text_as_key_of_two_people_is_two_keys() -> None:
    """Keys belong to a person and an operation: two people may choose the same text."""
    world = World(seed=5)
    packet = world.packet(total_fen=1_000, shares=3)
    world.open(packet, "11", key="same")
    world.open(packet, "12", key="same")
    assert accused(world.finish(), "idempotent_requests") == []


# --- ids_unique -------------------------------------------------------------------------------------------------------


def test_one_packet_id_for_two_sends_is_caught() -> None:
    """Two keys, or two people, that were given the same packet; a retried send is told the same id rightly."""
    world, packet = opened()
    send = world.find("history", operation="send")
    world.operation("send", "1", subject=packet, key=send["key"], amount_fen=1_000)
    assert accused(world.finish(), "ids_unique") == []
    again = world.operation("send", "1", subject=packet, key=world.key(), amount_fen=1_000)
    assert "was given to 2 sends" in accused(world, "ids_unique")[0]
    again.update(key=send["key"], person="2")
    assert "person 1 and person 2" in accused(world, "ids_unique")[0]
