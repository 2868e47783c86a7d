"""A process that dies at a chosen call: a statement or commit of its ledger, a command of its stream."""

from collections.abc import Callable
from typing import Any

from night import Night


class Dead(BaseException):
    """The process is gone: nothing of it runs any more, and what was not committed is rolled back."""


class Death:
    """Comes at the `call`-th call from now on, before it is made or when it is done."""

    def __init__(self, call: int, when: str) -> None:
        self.call, self.when = call, when
        self.came = False

    def at(self, do: Callable[..., Any], undo: Callable[[Any], None] = lambda _: None) -> Callable[..., Any]:
        """`do`, as one of the calls that are counted; `undo` is given what the call was made with, when it is dead."""

        def dying(*arguments: Any, **named: Any) -> Any:
            self.call -= 1
            self.came = self.came or self.call == 0
            dead_before = self.call < 0 or self.when == "before"
            answer = None if self.came and dead_before else do(*arguments, **named)
            if self.came:
                undo(arguments[0])
                raise Dead
            return answer

        return dying


def _roll_back(cursor_or_connection: Any) -> None:
    """As a database does whose client is gone."""
    held = cursor_or_connection
    (held if hasattr(held, "rollback") else held.connection).rollback()


def dying(night: Night, call: int, when: str) -> tuple[Night, Death]:
    """Another process of the deployment, and its death. Close its system afterwards."""
    doomed, death = night.like(), Death(call, when)
    for store in doomed.system.ledger.stores:
        for engine in store.engines:
            engine.connect().close()  # what is asked when it first connects is not counted
            for name in ("do_execute", "do_execute_no_params", "do_executemany", "do_commit"):
                setattr(engine.dialect, name, death.at(getattr(engine.dialect, name), _roll_back))
    client: Any = doomed.system.stream
    client.execute_command = death.at(client.execute_command)
    make = client.pipeline

    def pipeline(*arguments: Any, **named: Any) -> Any:
        pipe = make(*arguments, **named)
        pipe.execute = death.at(pipe.execute)
        return pipe

    client.pipeline = pipeline
    return doomed, death
