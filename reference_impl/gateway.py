"""nginx in front of the processes, as its configuration's text (W10). Pure.

A client reaches an access point: it says which by the header `X-Access-Point`; who does not is served by the one that
is nearest, for which the parity of `X-Person` stands. Each access point listens on a port of its own too. A packet's
requests go to the region that its id names, always to the same logic process there (consistent hash), a code's to the
region of its first digit, those for people's lists to the lists' one home (W02); to another region they go over the
link to its access point. What concerns all regions goes to the `ops` process.

No request is ever sent a second time: whatever broke may have happened, and 502 and 504 say no more than that.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from reference_impl.domain.errors import ERRORS
from reference_impl.domain.identifiers import LENGTH, REGION_DIGITS
from reference_impl.topology import City, Deployment, Limits

OPS_PATHS: Final = r"^/v1/(admin/|views/|backlog$|keys$|metrics$|openapi\.json$|health$)"
"""Paths that the `ops` process answers."""
OPS_S: Final = 60
"""How long its answer may take: a large night's caches and details are read in one."""

LISTS_REGION: Final = "south"
"""The home of the user lists (W02)."""

_CONFIG: Final = """
daemon off; master_process off; pid nginx.pid; error_log stderr error;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; multi_accept on; }}
http {{
    access_log off; default_type application/json; server_tokens off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size 64k; client_body_buffer_size 64k;
    keepalive_requests 1000000000; keepalive_timeout 1h;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_next_upstream off;
    proxy_connect_timeout 3s; proxy_send_timeout 10s; proxy_read_timeout 10s;

    map $http_x_person $nearest {{ default {first}; ~[02468]$ {second}; }}
    map $http_x_access_point $access {{ default $nearest; {names} }}
    map $uri $packet {{
        default "";
        "~^/v1/packets/(?<id>[0-9]{{{length}}})(/|$)" $id;
        "~^/v1/codes/(?<code>[0-9]+)$" $code;
        "~^/v1/people/" {home};
    }}
    map $http_idempotency_key $unnamed {{ default $http_idempotency_key; "" $request_uri; }}
    map $packet $sticky {{ default $packet; "" $unnamed; {home} $uri; }}
{cities}
    map $access $backend {{ default ""; {backends} }}
    upstream ops {{ server {host}:{ops_port} max_fails=0; keepalive 8; }}
{zones}
    server {{
        listen {host}:{port} backlog=4096;
        location / {{ {limits}proxy_pass http://$backend; }}
        location ~ {ops_paths} {{ proxy_read_timeout {ops_s}s; proxy_pass http://ops; }}
        location @limited {{ add_header Retry-After 1 always; return 429 '{limited}'; }}
    }}
{servers}
}}
"""

_CITY: Final = """
    upstream logic_{name} {{
        hash $sticky consistent;
        {logic}
        keepalive 64; keepalive_timeout 10s;
    }}
    {links}
    map $packet $backend_{name} {{ default logic_{name}; {away} }}
"""

_SERVER: Final = """
    server {{
        listen {host}:{port} backlog=4096;
        location / {{ proxy_pass http://$backend_{name}; }}
        location ~ {ops_paths} {{ proxy_read_timeout {ops_s}s; proxy_pass http://ops; }}
    }}
"""


def config(deployment: Deployment) -> str:
    """nginx.conf of a deployment that has cities."""
    cities, settings = deployment.cities, deployment.settings
    names = [city.name for city in cities]
    return _CONFIG.format(
        host=settings.host,
        port=settings.port,
        first=names[0],
        second=names[1] if len(names) > 1 else names[0],
        names=_pairs({name: name for name in names}),
        length=LENGTH,
        home=REGION_DIGITS[LISTS_REGION],
        cities="".join(_city(city, cities, settings.host) for city in cities),
        backends=_pairs({name: f"$backend_{name}" for name in names}),
        ops_port=deployment.ops_port,
        ops_paths=f'"{OPS_PATHS}"',
        ops_s=OPS_S,
        zones=_zones(deployment.limits),
        limits=_limits(deployment.limits),
        limited=_limited(),
        servers="".join(
            _SERVER.format(name=city.name, host=settings.host, port=city.port, ops_paths=f'"{OPS_PATHS}"', ops_s=OPS_S)
            for city in cities
        ),
    )


def _city(city: City, cities: Sequence[City], host: str) -> str:
    """One region: its logic processes, and the way to what it does not serve.

    A logic process that does not answer is left alone for a moment: its packets move to the others until then.
    """
    logic = " ".join(f"server {host}:{port} max_fails=3 fail_timeout=1s;" for port in city.logic)
    links = "\n    ".join(
        f"upstream {_link(city, other)} {{ server {host}:{port} max_fails=0; keepalive 64; keepalive_timeout 10s; }}"
        for other, port in city.links.items()
    )
    away = {
        f"~^{REGION_DIGITS[served]}": _link(city, other.name)
        for other in cities
        if other.name in city.links
        for served in other.serves
    }
    return _CITY.format(name=city.name, logic=logic, links=links, away=_pairs(away))


def _link(city: City, other: str) -> str:
    return f"link_{city.name}_{other}"


def _pairs(pairs: Mapping[str, str]) -> str:
    return " ".join(f"{key} {value};" for key, value in pairs.items())


def _zones(limits: Limits) -> str:
    rate = f"    limit_req_zone $access zone=requests:1m rate={limits.requests_per_s}r/s;\n"
    return rate * (limits.requests_per_s > 0) + "    limit_conn_zone $access zone=connections:1m;\n" * (
        limits.connections > 0
    )


def _limits(limits: Limits) -> str:
    """The ingress limiter: what is too much is refused at once and has surely not happened."""
    said = ""
    if limits.requests_per_s:
        burst = f" burst={limits.burst} nodelay" if limits.burst else ""
        said += f"limit_req zone=requests{burst}; limit_req_status 429; "
    if limits.connections:
        said += f"limit_conn connections {limits.connections}; limit_conn_status 429; "
    return said + "error_page 429 @limited; " if said else ""


def _limited() -> str:
    return msgspec.json.encode({"code": "limited", "message": ERRORS["limited"].meaning}).decode()
