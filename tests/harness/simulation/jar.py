"""A system as small as can be, to be simulated: a jar of coins in SQLite, and people who take one each."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import sqlalchemy as sa

from harness.simulation.runtime import ProcessRuntime
from harness.simulation.sql import watch
from harness.simulation.world import Options, Person, Plan, Request, Rows, Step, World
from harness.target.answer import Answer

COINS = 2
TAKEN = "SELECT COUNT(*) FROM taken"
TAKE = "INSERT INTO taken (person) VALUES (?)"


class Jar:
    """`careful`: looks and takes in one transaction; otherwise looks first and takes afterwards, which is a bug."""

    def __init__(self, options: Options, careful: bool) -> None:
        self._engine = sa.create_engine(
            f"sqlite:///{options.folder}/jar", connect_args={"timeout": 0, "isolation_level": None}
        )
        self._careful = careful
        with self._engine.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE taken (number INTEGER PRIMARY KEY, person INTEGER)")
        watch(self._engine)

    def reset(self) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("DELETE FROM taken")

    def boot(self, process: str, runtime: ProcessRuntime) -> "Jar":
        return self

    def loops(self, process: str, service: Any) -> Mapping[str, Callable[[], None]]:
        return {}

    def serve(self, service: Any, request: Request) -> Answer:
        try:
            return self._take(request.person)
        except sa.exc.OperationalError as error:
            return Answer("info", str(error.orig))

    def _take(self, person: int) -> Answer:
        with self._engine.connect() as connection:
            if self._careful:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            taken = connection.exec_driver_sql(TAKEN).scalar_one()
            if taken >= COINS:
                connection.commit()
                return Answer("fail", "sold_out")
            connection.exec_driver_sql(TAKE, (person,))
            connection.commit()
        return Answer("ok", amount_fen=1)

    def drain(self, runtime: ProcessRuntime) -> int:
        return 0

    def evidence(self) -> Rows:
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT number, person FROM taken").fetchall()
        packets = [("jar", "jar", 0, "equal", COINS, COINS, "paid", 0, 0, False, "jar")]
        opens = [
            ("jar", "jar", person, number, 1, 0, 0, f"jar-{number}", str(person), False, "jar")
            for number, person in rows
        ]
        return {"packets": packets, "opens": opens}

    def close(self) -> None:
        self._engine.dispose()


def plan(random: Random) -> Plan:
    """Four people, one coin each; one of them comes twice."""
    take = Step("open", key="mine")
    return Plan(tuple(Person(number, (take,) * (1 + (number == 2)), asks=f"api-{number % 2}") for number in range(4)))


def world(careful: bool) -> World:
    return World("jar", "coins in a jar", ("no_overspend",), plan, lambda options: Jar(options, careful))


def catalogue() -> dict[str, World]:
    return {"jar": world(careful=False), "careful_jar": world(careful=True)}


def mended() -> dict[str, World]:
    """The careless jar after its bug was fixed."""
    return {"jar": world(careful=True)}
