"""Tagged work stands on the shadow side only, untagged work on the live side only."""

import pytest
from worlds import World, clean_night


def tagged_packet(world: World) -> str:
    return world.find("packets", tag=True)["packet"]


def row_on(world: World, **values: object) -> None:
    """One more place that the target lists."""
    world.rows["shadow_rows"].append({"store": "south_0", "place": "key", **values})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"shadow": False, "tag": True}, "a tagged id on the live side"),
        ({"shadow": True, "tag": False}, "an untagged id on the shadow side"),
        ({"shadow": False, "person": "901"}, "a person who sent only tagged operations, on the live side"),
        ({"shadow": True, "person": "11"}, "a person who sent only untagged operations, on the shadow side"),
        ({"shadow": False, "subject": "P5"}, "something tagged operations made, on the live side"),
        ({"shadow": True, "subject": "P1"}, "something untagged operations made, on the shadow side"),
        ({"shadow": False, "subject": "P5-1"}, "something tagged operations made, on the live side"),
        ({"shadow": True, "subject": "P2-0"}, "something untagged operations made, on the shadow side"),
    ],
)
def test_a_row_on_the_wrong_side_is_caught(values: dict, sentence: str) -> None:
    """A row whose own id, person, packet or voucher belongs to the other side."""
    world = clean_night()
    row_on(world, **values)
    verdict = world.verdict("shadow_isolation")
    assert (verdict.verdict, verdict.violations) == ("violated", 1)
    assert sentence in verdict.witnesses[0].sentence and "key in south_0" in verdict.witnesses[0].sentence


def test_rows_on_their_own_side_are_fine() -> None:
    """The same rows where they belong, and rows about nobody we know."""
    world = clean_night()
    for values in (
        {"shadow": True, "tag": True, "person": "901", "subject": "P5"},
        {"shadow": False, "tag": False, "person": "11", "subject": "P1"},
        {"shadow": False, "person": "555"},
        {"shadow": True, "subject": "nothing"},
        {"shadow": False},
    ):
        row_on(world, **values)
    assert world.verdict("shadow_isolation").verdict == "holds"


@pytest.mark.parametrize("table", ["packets", "opens", "postings", "accounts"])
def test_a_tag_lost_on_the_way_is_caught(table: str) -> None:
    """A row made by tagged operations that stands untagged: at the send, the open, the stream hop, the account."""
    world = clean_night()
    row = {
        "packets": world.find("packets", tag=True),
        "opens": world.find("opens", person="901"),
        "postings": world.find("postings", subject=f"{tagged_packet(world)}-1", account_kind="user"),
        "accounts": world.find("accounts", account="user:901"),
    }[table]
    row["tag"] = False
    verdict = world.verdict("shadow_isolation")
    acknowledged = len(world.all("history", subject=row["packet"], outcome="ok")) if table == "packets" else 0
    assert (verdict.verdict, verdict.violations) == ("violated", 1 + acknowledged)
    assert any(witness.sentence.startswith(table) for witness in verdict.witnesses)


def test_an_acknowledgement_on_the_other_side_is_caught() -> None:
    """A tagged person's open that arrived without its tag was answered from the shadow side."""
    world = clean_night()
    world.find("history", operation="open", person="901", outcome="ok")["tag"] = False
    verdict = world.verdict("shadow_isolation")
    assert verdict.verdict == "violated"
    assert any("an untagged operation was acknowledged" in witness.sentence for witness in verdict.witnesses)


def test_a_tag_lost_at_the_refund_is_caught() -> None:
    """A refund of a tagged packet that went to the live side."""
    world = World()
    packet = world.packet(tag=True, lifetime_us=10)
    world.expire(packet)
    world.finish().find("refunds")["tag"] = False
    assert world.verdict("shadow_isolation").verdict == "violated"


def test_a_funding_on_the_wrong_side_is_caught() -> None:
    """The entry of a tagged funding stands untagged."""
    world = clean_night()
    world.find("postings", kind="fund", account="user:900")["tag"] = False
    assert "something tagged operations made" in world.verdict("shadow_isolation").witnesses[0].sentence


def test_a_refused_request_on_the_wrong_side_proves_nothing() -> None:
    """A live person whose one tagged request was refused is still a live person, and the packet still live."""
    world = clean_night()
    world.refused("P1", "11", reason="tag_mismatch", name="open", tag=True)
    assert world.verdict("shadow_isolation").verdict == "holds"
    row_on(world, shadow=True, person="11")
    assert world.verdict("shadow_isolation").verdict == "violated"


def test_someone_on_both_sides_is_not_accused() -> None:
    """A person who did both kinds of work may stand on both sides."""
    world = clean_night()
    for tag in (False, True):
        world.operation("balance", "777", tag=tag)
        row_on(world, shadow=tag, person="777")
    assert world.verdict("shadow_isolation").verdict == "holds"
