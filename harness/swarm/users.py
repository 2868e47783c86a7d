"""What a scenario's locustfile derives from: arrivals by a schedule, and ordinary Locust users beside them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

from locust import User, constant, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from harness.swarm.arrivals import Arrival
from harness.swarm.conductor import Conductor
from harness.swarm.settings import Settings, load_settings
from harness.swarm.worker import Worker, go_first
from harness.target import load_target

_STOP_TIMEOUT_S = 5.0


class SwarmUser(User):  # type: ignore[misc] # Locust is untyped
    """A Locust user that calls the target through `self.worker`, and goes home when the schedule is played."""

    abstract = True
    environment: Any

    @property
    def worker(self) -> Worker:
        worker: Worker = self.environment.rainproof
        return worker

    def go_home_if_over(self) -> None:
        """Ends this user when the schedule is played."""
        if self.worker.is_over:
            raise StopUser


class ArrivalsUser(SwarmUser):
    """The open model: one such user a worker plays its part of a schedule. Derive from it and say what comes when.

    `default_target` is the target file when Locust is started by hand.
    """

    abstract = True
    fixed_count = 1
    wait_time = constant(0.2)
    default_target: ClassVar[Path | None] = None

    def plan(self) -> None:
        """Called once before the others, for what they share."""

    def preparations(self) -> Iterable[Callable[[], None]]:
        """What must be done before the schedule starts."""
        return ()

    def arrivals(self) -> Iterable[Arrival]:
        """This worker's part of the schedule, sorted: part `self.worker.part` of `self.worker.parts`."""
        raise NotImplementedError

    def on_start(self) -> None:
        self.worker.play(self)

    @task  # type: ignore[untyped-decorator]
    def be_there(self) -> None:
        self.go_home_if_over()


@events.init.add_listener  # type: ignore[untyped-decorator]
def _on_init(environment: Environment, runner: Any, **_: Any) -> None:
    """Prepares this process for its role: master, worker, or both in one."""
    arrivals_users = [user for user in environment.user_classes if issubclass(user, ArrivalsUser)]
    if not arrivals_users:
        return
    settings = load_settings(arrivals_users[0].default_target)
    target = load_target(Path(settings.target), settings.variables)
    if not isinstance(runner, WorkerRunner):
        parts = _parts(environment, settings)
        Conductor(environment, settings, target, parts)
        _set_users(environment, settings, arrivals_users, parts)
    if not isinstance(runner, MasterRunner):
        go_first()
        environment.rainproof = Worker(environment, settings, target)


def _parts(environment: Environment, settings: Settings) -> int:
    """Into how many parts the schedule is split: one a worker that is expected."""
    options: Any = environment.parsed_options
    parts: int = (settings.workers or options.expect_workers) if options.master else 1
    return parts


def _set_users(environment: Environment, settings: Settings, arrivals_users: list[type[User]], workers: int) -> None:
    """One arrivals user a worker, some others beside them, all at once; also when a worker takes another's place."""
    options: Any = environment.parsed_options
    options.enable_rebalancing = True
    for user in arrivals_users:
        user.fixed_count = workers
    others = settings.lookers if len(environment.user_classes) > len(arrivals_users) else 0
    options.num_users = max(options.num_users or 0, workers * len(arrivals_users) + others)
    options.spawn_rate = options.spawn_rate or options.num_users
    environment.stop_timeout = max(environment.stop_timeout or 0, _STOP_TIMEOUT_S)
