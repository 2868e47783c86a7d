"""A locustfile for benchmarks: Locust as it comes, each user waiting for an answer before it asks again.

All users together make RAINPROOF_BENCH_RATE_PER_S requests a second, as long as nobody keeps them waiting.
"""

import os

from locust import FastHttpUser, constant_throughput, task


class Closed(FastHttpUser):  # type: ignore[misc] # Locust is untyped
    """Keeps its share of the rate with Locust's own means."""

    def wait_time(self) -> float:
        users = self.environment.parsed_options.num_users
        wait_s: float = constant_throughput(float(os.environ["RAINPROOF_BENCH_RATE_PER_S"]) / users)(self)
        return wait_s

    @task  # type: ignore[untyped-decorator]
    def look(self) -> None:
        self.client.get("/look")
