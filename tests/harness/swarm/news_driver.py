"""Runs in a process that gevent has patched: a master and its workers tell each other things; prints what they hear."""

import json

import gevent
import locust
from gevent import spawn
from locust.env import Environment

from harness.processes import free_port
from harness.swarm.news import News

port = free_port()
master = Environment(events=locust.event.Events())
master.create_master_runner("127.0.0.1", port)
at_master = News(master)


def worker() -> News:
    environment = Environment(events=locust.event.Events())
    environment.create_worker_runner("127.0.0.1", port)
    gevent.sleep(0.2)
    return News(environment)


first, second = worker(), worker()
waiting = [spawn(news.wait, "hot", 5.0) for news in (first, first, second)]
gevent.sleep(0.1)
second.tell("hot", {"packet": "p1"})
second.tell("hot", {"packet": "p2"})
heard = [one.get(timeout=5).what["packet"] for one in waiting]
late = worker().wait("hot", 5.0)
print(json.dumps({"heard": heard, "late": late and late.what["packet"], "never": first.wait("cold", 0.1)}))
