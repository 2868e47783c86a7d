from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.mutants.weather import stream_stumbles
from reference_impl.reconcile import lists
from reference_impl.reconcile.report import Report


def _nothing_found(*_: Any) -> Report:
    return Report()


def _nothing_missing(*_: Any) -> int:
    return 0


def _plant() -> None:
    lists.reconcile = _nothing_found
    lists.count_missing = _nothing_missing


MUTANT = Mutant(
    name="lists_never_reconciled",
    caught_by="lists_agree",
    summary="a message about somebody's list is lost, and nothing ever compares lists with orders",
    seen_in="feeds and order histories that a queue fills, where nobody reads the queue's dead letters",
    plant=_plant,
    weather=stream_stumbles,
    world="lists",
    row="W02",
)
