"""The campaign of mutants: each is tried where its file says it dies, and the clean system beside it."""

from pathlib import Path

import msgspec

from tests.harness.command import rainproof


def test_each_is_tried_where_it_dies(tmp_path: Path) -> None:
    """One in simulation, with a case that shows it; one by proof; the clean world beside it is not accused."""
    said = rainproof(tmp_path, "mutants", "--only", "mod_without_floor", "--seed", "1", "--json")
    told = msgspec.json.decode(said.out)
    assert (said.code, told["killed"], told["survivors"], told["accusations"]) == (0, 1, [], []), said.err
    trial = told["trials"]["mod_without_floor"]
    assert trial["under"] == "simulation" and trial["verdicts"]["allocation_bounds"] == "violated"
    assert trial["choices"] <= 10 and (tmp_path / trial["path"]).is_file()
    assert {verdict for control in told["controls"].values() for verdict in control.values()} == {"holds"}
    proof = msgspec.json.decode(rainproof(tmp_path, "mutants", "--only", "uniform_from_lower", "--json").out)
    assert proof["trials"]["uniform_from_lower"]["verdicts"] == {"allocation_oracle": "violated"}
    assert proof["died_in"]["proof"] == 1
