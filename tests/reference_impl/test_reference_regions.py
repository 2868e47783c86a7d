"""A deployment has order databases in the regions that its settings name, and in no other."""

from pathlib import Path

import pytest

from reference_impl.bootstrap import build, create_stores
from reference_impl.domain.errors import Refused
from reference_impl.packets import expiry
from reference_impl.packets.send import SendRequest, send
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings


def test_a_deployment_of_one_region_refuses_the_others(tmp_path: Path) -> None:
    """Packets can be sent to the region that is there; another is a bad request, and no database of it is made."""
    settings = Settings(
        sql=f"sqlite:///{tmp_path}", cache="embedded", data=str(tmp_path), regions=("south",), order_shards=1
    )
    create_stores(settings)
    system = build(settings, ThreadRuntime(), holder="test")
    try:
        order = send(system, SendRequest(1, "equal", 2, 2), "one region, first", tagged=False)
        with pytest.raises(Refused, match="north") as refused:
            send(system, SendRequest(1, "equal", 2, 2, region="north"), "one region, second", tagged=False)
        assert order.packet.startswith("1") and refused.value.code == "bad_request"
        assert list(system.orders) == [("south", 0)] and expiry.sweep(system) == 0
    finally:
        system.close()
    assert {path.name for path in tmp_path.iterdir()} == {
        *("south_0", "cold_south", "ledger_0", "ledger_1", "lists_0", "ops_0"),
        *("wallet_0", "wallet_1", "bank_0", "token_keys.json"),
    }
