import sqlalchemy as sa

from reference_impl.domain.games import SPLIT, split
from reference_impl.mutants import Mutant
from reference_impl.stores.wallet_tables import wallet_tables
from reference_impl.system import System
from reference_impl.wallet import collecting, plays
from reference_impl.wallet.collecting import Closed
from reference_impl.wallet.desk import Desk


def _close(system: System, desk: Desk, number: int, pool_fen: int, stage: str, tagged: bool) -> Closed:
    pool, tables = str(number), wallet_tables(tagged)
    people = desk.budget_store.read(lambda connection: collecting._collectors(connection, tables, pool, stage))
    shares = split.shares(pool_fen, people, pool)
    for play in collecting._made(system, desk, SPLIT, pool, shares):
        plays.record(desk, play)

    def work(connection: sa.Connection) -> None:
        collecting._locked(desk, connection, tables, pool, stage, collecting._alone(tables))
        done = {"of": pool, "in_stage": stage, "fen": pool_fen, "among": len(shares)}
        connection.execute(collecting._close(tables), done)

    desk.budget_store.write(work)
    return Closed(pool, pool_fen, len(shares))


def _plant() -> None:
    collecting.close = _close


MUTANT = Mutant(
    name="pool_closed_twice",
    caught_by="split_exact",
    summary="who closes a pool lists its collectors before it is locked, and goes on where another has divided it",
    seen_in="cron jobs on two machines that both find the lottery due and share it out by lists of their own",
    plant=_plant,
    world="cards",
    row="B02",
)
