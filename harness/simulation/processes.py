"""Processes of the system under test: they start, may crash with all they hold in memory, and start again."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from harness.simulation.faults import START, befall
from harness.simulation.runtime import ProcessRuntime
from harness.simulation.scheduler import Scheduler
from harness.simulation.world import Deployment, Request
from harness.target.answer import Answer

RESTART_S: Final = 0.05
SUPERVISOR: Final = "supervisor"


class Process:
    def __init__(self, scheduler: Scheduler, deployment: Deployment, name: str, seed: str) -> None:
        self._scheduler = scheduler
        self._deployment = deployment
        self._seed = seed
        self.name = name
        self._service: Any = None
        self._works = False

    def service(self) -> Any:
        """What the process holds in memory; it starts when it is first asked for."""
        if self._service is None:
            befall(self._scheduler, self._scheduler.point("start", self.name, faults=START))
            self._service = self._deployment.boot(self.name, ProcessRuntime(self.name, self._seed))
        return self._service

    def serve(self, request: Request) -> Answer:
        return self._deployment.serve(self.service(), request)

    def work(self) -> None:
        """Begin what it does by itself."""
        self._works = True
        self._scheduler.spawn(self.name, self.name, self._begin)

    def died(self) -> None:
        """All it held is lost. Who works by themselves are started again by a supervisor."""
        self._service = None
        if self._works:
            self._scheduler.spawn(f"{SUPERVISOR}:{self.name}", SUPERVISOR, self._restart)

    def _restart(self) -> None:
        self._scheduler.sleep(RESTART_S)
        self.work()

    def _begin(self) -> None:
        for name, loop in self._deployment.loops(self.name, self.service()).items():
            self._scheduler.spawn(f"{self.name}:{name}", self.name, partial(self._loop, loop))

    def _loop(self, loop: Callable[[], None]) -> None:
        try:
            loop()
        except Exception as error:  # noqa: BLE001 a process that raises ends, and is started again
            self._scheduler.tell(f"ended with {type(error).__name__}: {error}")
            self._scheduler.crash(self.name)


class Processes(dict[str, Process]):
    """The processes of a schedule, by name; made when first named."""

    def __init__(self, scheduler: Scheduler, deployment: Deployment, seed: str) -> None:
        super().__init__()
        self._scheduler, self._deployment, self._seed = scheduler, deployment, seed
        scheduler.on_crash = self._died

    def __missing__(self, name: str) -> Process:
        made = self[name] = Process(self._scheduler, self._deployment, name, self._seed)
        return made

    def _died(self, name: str) -> None:
        if name in self:
            self[name].died()
