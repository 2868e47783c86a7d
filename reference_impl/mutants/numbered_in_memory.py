import sqlalchemy as sa

from reference_impl.ledger.ledger import Ledger
from reference_impl.mutants import Mutant
from reference_impl.packets import numbers
from reference_impl.stores.layout import ledger_tables

_new_epoch = Ledger.new_epoch


def _of_the_holder(self: Ledger, holder: str, tagged: bool) -> int:
    epochs = ledger_tables(tagged).epochs
    query = sa.select(epochs.c.epoch).where(epochs.c.holder == holder)
    standing = self.stores[0].read(lambda connection: connection.execute(query).scalar())
    return int(standing) if standing is not None else _new_epoch(self, holder, tagged)


def _count_alone(self: numbers.Numbers, block: numbers._Block, tagged: bool) -> numbers._Block:
    return numbers._Block(block.epoch, first=block.last + 1, last=block.last + numbers.BLOCK)


def _plant() -> None:
    Ledger.new_epoch = _of_the_holder
    numbers.Numbers._refill = _count_alone


MUTANT = Mutant(
    name="numbered_in_memory",
    row="W05",
    caught_by="ids_unique",
    summary="a process that starts again takes its old epoch and counts from 1 in its memory",
    seen_in="snowflake generators whose sequence and worker number do not tell a restart",
    plant=_plant,
    world="numbers",
)
