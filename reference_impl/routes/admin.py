"""What operators do while the system runs: see and set switches and dials, read the audit, reconcile, publish the
activity (B17, W03, B05).

Whoever asks says `Authorization: Bearer TOKEN`, and who they are in `X-Operator`.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import falcon
import msgspec

from reference_impl import reconcile as reconciliations
from reference_impl.domain.errors import Refused
from reference_impl.reconcile.report import Report
from reference_impl.resilience.operators import operator_of, token_of
from reference_impl.resilience.switches import NAMES, described
from reference_impl.system import System
from reference_impl.wallet.config import Config
from reference_impl.web import Handler, Routes, answer, body_of

MOST_CHANGES = 1000
MOST_NUMBER = 2**63 - 1


class ControlBody(msgspec.Struct, forbid_unknown_fields=True):
    value: int


class ActivityBody(msgspec.Struct, forbid_unknown_fields=True):
    """The activity's TOML."""

    text: str


def routes(system: System) -> Routes:
    return over([system])


def over(systems: Sequence[System]) -> Routes:
    """Over a system a region: what one knows of controls all know; reconciliations run in each."""
    system = systems[0]
    guarded = _guard(token_of(system.settings))

    @guarded
    def controls(_who: str, _request: falcon.Request, response: falcon.Response) -> None:
        told = [
            {"name": name, "value": system.controls.value(name), "on": system.controls.on(name), **described(name)}
            for name in NAMES
        ]
        answer(response, told)

    @guarded
    def set_control(who: str, request: falcon.Request, response: falcon.Response, name: str) -> None:
        answer(response, system.controls.set(name, body_of(request, ControlBody).value, who))

    @guarded
    def changes(_who: str, request: falcon.Request, response: falcon.Response) -> None:
        answer(response, system.controls.changes(after=_after(request), most=MOST_CHANGES))

    @guarded
    def reconcile(_who: str, _request: falcon.Request, response: falcon.Response, name: str) -> None:
        if name not in reconciliations.NAMES:
            raise Refused("unknown_reconciliation", name[:64])
        until_us = system.runtime.now_us() - int(system.settings.reconcile_after_s * 1_000_000)
        reports = (reconciliations.find(name).reconcile(each, 0, until_us) for each in systems)
        report = sum(reports, Report())
        answer(response, {"name": name, **msgspec.structs.asdict(report)})

    return {
        **(_config_routes(guarded, system.desk.config, system.runtime.now_us) if system.desk else {}),
        "/v1/admin/controls": {"GET": controls},
        "/v1/admin/controls/{name}": {"POST": set_control},
        "/v1/admin/changes": {"GET": changes},
        "/v1/admin/reconcile/{name}": {"POST": reconcile},
    }


def _config_routes(guarded: Callable[[Handler], Handler], config: Config, now_us: Callable[[], int]) -> Routes:
    @guarded
    def activity(_who: str, _request: falcon.Request, response: falcon.Response) -> None:
        answer(response, config.version)

    @guarded
    def publish(who: str, request: falcon.Request, response: falcon.Response) -> None:
        answer(response, config.publish(body_of(request, ActivityBody).text, who, now_us()))

    return {"/v1/admin/activity": {"GET": activity, "POST": publish}}


def _guard(token: str) -> Callable[[Handler], Handler]:
    """Lets operators pass only, and tells the handler who it is."""

    def guarded(handler: Handler) -> Handler:
        @wraps(handler)
        def handle(request: falcon.Request, response: falcon.Response, **path: Any) -> None:
            handler(operator_of(request, token), request, response, **path)

        return handle

    return guarded


def _after(request: falcon.Request) -> int:
    """`?after=N`: changes with a higher number than N only. Raises Refused("bad_request")."""
    text = request.get_param("after") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MOST_NUMBER):
        raise Refused("bad_request", f"after {text[:32]!r}")
    return int(text)
