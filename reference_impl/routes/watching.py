"""What watches a process asks: is it up, do its stores answer, what has it counted. Every role answers these."""

import falcon

from reference_impl.resilience import exporter
from reference_impl.resilience.probes import Probes
from reference_impl.resilience.switches import SWITCHES
from reference_impl.system import System
from reference_impl.web import Routes, answer

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def routes(system: System) -> Routes:
    probes, began_us = Probes(system), system.runtime.now_us()

    def health(_request: falcon.Request, response: falcon.Response) -> None:
        stores, counted = probes.answering(), system.counts.all()
        told = {
            "ok": all(stores.values()),
            "role": system.name.partition("-")[0],
            "process": system.name,
            "uptime_s": (system.runtime.now_us() - began_us) // 1_000_000,
            "last_pass_us": {labels[0]: value for (name, labels), value in counted.items() if name == "last_pass_us"},
            "stores": stores,
            "in_force": [name for name in SWITCHES if system.controls.on(name)],
        }
        answer(response, told)

    def metrics(_request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = PROMETHEUS
        response.data = exporter.text(system, probes.answering())

    return {"/v1/health": {"GET": health}, "/v1/metrics": {"GET": metrics}}
