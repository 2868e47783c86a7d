"""kill -9 in the midst of a hot packet, several times: clients know no more than that it may have happened, and nothing
is wrong in the databases (W06, W11)."""

import http.client
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from test_reference_roles import Deployment, deployed, until

SHARES = 96
TOTAL_FEN = 9600
CLIENTS = 12
KILLS = 4


def tapped(deployment: Deployment, packet: str, person: int) -> dict[str, Any] | None:
    """One open under the person's key; None where nobody knows what became of it."""
    try:
        status, answer = deployment.ask("POST", f"/v1/packets/{packet}/open", {"person": person}, f"tap-{person}")
    except (OSError, http.client.HTTPException):
        return None
    assert status == 200 or status >= 500, answer
    return answer if status == 200 else None


@pytest.mark.servers
@pytest.mark.long
@pytest.mark.parametrize(("role", "row"), [("api", "w11"), ("credit", "w06")])
def test_a_process_is_killed_with_work_in_hand(
    request: pytest.FixtureRequest, tmp_path: Path, role: str, row: str
) -> None:
    """Whoever was answered has that share, whoever was not learns it under the same key; each is credited once."""
    with deployed(request, "servers", tmp_path) as deployment:
        sender = deployment.port * 1000
        deployment.insist("POST", f"/v1/accounts/{sender}/fund", {"amount_fen": TOTAL_FEN})
        body = {"sender": sender, "kind": "lucky", "total_fen": TOTAL_FEN, "shares": SHARES}
        packet = deployment.insist("POST", "/v1/packets", body)["packet"]
        deployment.insist("POST", f"/v1/packets/{packet}/pay", {"sender": sender})
        people = range(sender + 1, sender + 1 + SHARES)
        told: dict[int, dict[str, Any] | None] = {}
        pause, over = random.Random(row), threading.Event()

        def live(first: int) -> None:
            for person in people[first::CLIENTS]:
                told[person] = tapped(deployment, packet, person)
                over.wait(0.2)

        clients = [threading.Thread(target=live, args=(first,)) for first in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(KILLS):
            over.wait(0.2 * pause.random())
            deployment.kill(role)
        for client in clients:
            client.join()
        final = {person: until(lambda p=person: tapped(deployment, packet, p)) for person in people}
        assert {person: one for person, one in told.items() if one} == {p: final[p] for p in people if told[p]}
        assert sum(one["amount_fen"] for one in final.values()) == TOTAL_FEN
        assert sorted(one["sequence"] for one in final.values()) == list(range(1, SHARES + 1))
        until(lambda: deployment.ask("GET", "/v1/backlog")[1] == {"pending": 0})
        balances = {p: deployment.ask("GET", f"/v1/accounts/{p}")[1]["balance_fen"] for p in people}
        assert balances == {person: one["amount_fen"] for person, one in final.items()}
