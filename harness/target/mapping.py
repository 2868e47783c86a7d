"""A target file: the system under test as data.

Two passes fill in a target file. `{name}` in any text is filled in once, from what the run knows (port, sql, cache, a
server of the topology, …), `{name|other}` by the first that it knows; `$name` in a path, header or body is filled in
for every request.
"""

import fnmatch
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from harness import config
from harness.config import ConfigError, nearest
from harness.target.answer import pointer
from harness.target.files import AdminTable, Query, StartTable, TargetFile
from harness.target.operation import Operation, header_name
from harness.target.promises import Pointer
from harness.target.template import Template, body_template, path_template
from harness.target.tls import make_context
from invariants.schema import EVIDENCE

_PLACEHOLDER: Final = re.compile(r"\{([a-z_][a-z0-9_]*(?:\|[a-z_][a-z0-9_]*)*)\}")
_WORDS: Final = ("options", "topology")
"""Variables that are any number of words of the command."""
_ADMIN_NAMES: Final = ("name", "value")
_PORTS: Final = {"http": 80, "https": 443}


class Drain(Struct, frozen=True):
    """Where the target says how much work is left."""

    path: str
    pending: Pointer


class Admin(Struct, frozen=True):
    """How an operator sets something: templates over $name and $value."""

    path: Template
    body: Template
    token_file: Path | None
    fixed: dict[str, str]

    def headers(self) -> dict[str, str]:
        """What an operator's request says beside its body; ConfigError: the token cannot be read."""
        if self.token_file is None:
            return self.fixed
        try:
            token = self.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"[admin] token_file: {self.token_file}: {config.one_line(error)}") from None
        return {"Authorization": f"Bearer {token}", **self.fixed}


class Evidence(Struct, frozen=True):
    """`stores`: name → SQLAlchemy URL. `sources`: canonical table → its queries, in the order of the file."""

    stores: dict[str, str]
    sources: dict[str, tuple[Query, ...]]


class Target(Struct, frozen=True):
    """The system under test. `prefix` is the path of the base URL, before every path; `secure`: it is https."""

    path: Path
    base_url: str
    secure: bool
    ca_file: Path | None
    host: str
    port: int
    prefix: str
    operations: dict[str, Operation]
    claims: tuple[str, ...]
    reconcile: Template | None
    """Of $name."""
    evidence: Evidence
    tag_header: tuple[str, str] | None
    key_header: str | None
    reader_header: str | None
    stages: tuple[str, ...]
    start: StartTable | None
    drain: Drain | None
    admin: Admin | None

    def operation(self, name: str) -> Operation:
        """The operation called `name`; a scenario that needs one the file lacks is a ConfigError."""
        try:
            return self.operations[name]
        except KeyError:
            raise ConfigError(f"{self.path}: no [operation.{name}]: {nearest(name, self.operations)}") from None

    def tls_context(self) -> SSLContext | None:
        """How certificates are verified; None where the target is reached by plain http."""
        return make_context(self.ca_file) if self.secure else None


def load_target(path: Path | str, variables: Mapping[str, str]) -> Target:
    """Read the target file at `path`; `variables` fill its `{name}`s. What does not fit is a ConfigError."""
    path = Path(path)
    tree = config.read_toml(path)
    _splice_words(tree, variables)
    with _place(f"{path}:"):
        tree = _filled(tree, variables, "")
    file = config.convert(tree, TargetFile, source=str(path))
    shared = file.target
    with _place(f"{path}: [target]"):
        secure, host, port, prefix = _address(shared.base_url)
        ca_file = _ca_file(shared.ca_file, path.parent, secure)
        key_header = header_name(shared.key_header) if shared.key_header else None
        pointer(shared.error_code or "")
        tag = (header_name(shared.tag_header.name), shared.tag_header.value) if shared.tag_header else None
    operations = {}
    for name, table in file.operation.items():
        with _place(f"{path}: [operation.{name}]"):
            operations[name] = Operation(name, table, shared, _authority(host, port, secure), prefix)
    with _place(f"{path}: [drain]"):
        drain = Drain(_rooted(file.drain.path), pointer(file.drain.pending)) if file.drain else None
    with _place(f"{path}: [admin]"):
        admin = _admin(file.admin)
    with _place(f"{path}: [start]"):
        start = _start(file.start)
    with _place(f"{path}: [reconcile]"):
        reconcile = _reconcile(file.reconcile.path) if file.reconcile else None
    return Target(
        path=path,
        base_url=shared.base_url,
        secure=secure,
        ca_file=ca_file,
        host=host,
        port=port,
        prefix=prefix,
        operations=operations,
        claims=tuple(file.claims.invariants),
        reconcile=reconcile,
        evidence=_evidence(file.evidence, path),
        tag_header=tag,
        key_header=key_header,
        reader_header=shared.reader_header,
        stages=tuple(shared.stages),
        start=start,
        drain=drain,
        admin=admin,
    )


@contextmanager
def _place(place: str) -> Iterator[None]:
    """Errors from inside say where in which file."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{place} {error}") from None
    except ValueError as error:
        raise ConfigError(f"{place} {config.one_line(error)}") from None


def _filled(tree: Any, variables: Mapping[str, str], place: str) -> Any:
    """`tree` with every `{name}` in its texts replaced."""
    if isinstance(tree, dict):
        return {name: _filled(item, variables, f"{place}.{name}".lstrip(".")) for name, item in tree.items()}
    if isinstance(tree, list):
        return [_filled(item, variables, place) for item in tree]
    if not isinstance(tree, str):
        return tree
    return _PLACEHOLDER.sub(lambda match: variables[_known(match[1], variables, place)], tree)


def _known(placeholder: str, variables: Mapping[str, str], place: str) -> str:
    """The first of a placeholder's names that the run knows."""
    names = placeholder.split("|")
    known = next((name for name in names if name in variables), None)
    if known is None:
        raise ConfigError(f"'{place}' has unknown placeholder {{{placeholder}}}: {nearest(names[-1], variables)}")
    return known


def _splice_words(tree: dict[str, Any], variables: Mapping[str, str]) -> None:
    """`{options}` alone as a word of the command is as many words as there are options, also none."""
    start = tree.get("start")
    if isinstance(start, dict) and isinstance(start.get("command"), list):
        words = {f"{{{name}}}": shlex.split(variables.get(name, "")) for name in _WORDS}
        start["command"] = [spliced for word in start["command"] for spliced in words.get(word, [word])]


def _address(base_url: str) -> tuple[bool, str, int, str]:
    """Is it https, host, port and path prefix of `http[s]://host[:port][/prefix]`."""
    parts = urlsplit(base_url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigError(f"base_url '{base_url}' is not http[s]://host[:port][/prefix], the only forms there are")
    return parts.scheme == "https", parts.hostname, parts.port or _PORTS[parts.scheme], parts.path.rstrip("/")


def _ca_file(text: str | None, folder: Path, secure: bool) -> Path | None:
    """Where the believed certificates lie, relative to the target file's folder; they are read once, to be sure."""
    if text is not None and not secure:
        raise ConfigError("ca_file is for https: base_url is http")
    ca_file = None if text is None else folder / text
    if secure:
        make_context(ca_file)
    return ca_file


def _authority(host: str, port: int, secure: bool) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == _PORTS["https"] and secure else f"{name}:{port}"


def _rooted(path: str) -> str:
    if not path.startswith("/"):
        raise ConfigError(f"path '{path}' does not begin with /")
    return path


def _admin(table: AdminTable | None) -> Admin | None:
    if table is None:
        return None
    path, body = path_template(_rooted(table.path)), body_template(table.body)
    for name in path.names | body.names:
        if name not in _ADMIN_NAMES:
            raise ConfigError(f"${name} has no value here: {nearest(name, _ADMIN_NAMES)}")
    fixed = {header_name(name): text for name, text in table.headers.items()}
    return Admin(path, body, Path(table.token_file) if table.token_file else None, fixed)


def _start(table: StartTable | None) -> StartTable | None:
    if table is not None:
        _rooted(table.ready)
        if not table.command:
            raise ConfigError("command is empty")
    return table


def _reconcile(text: str) -> Template:
    path = path_template(_rooted(text))
    if path.names != {"name"}:
        raise ConfigError(f"path '{text}' must name the reconciliation as $name, and nothing else")
    return path


def _evidence(table: Any, path: Path) -> Evidence:
    sources = {name: _queries(getattr(table, name)) for name in EVIDENCE if getattr(table, name) is not None}
    for name, queries in sources.items():
        for query in queries:
            with _place(f"{path}: [evidence.{name}]"):
                _check_query(query, table.stores)
    return Evidence(stores=table.stores, sources=sources)


def _queries(listed: Query | list[Query]) -> tuple[Query, ...]:
    return tuple(listed) if isinstance(listed, list) else (listed,)


def _check_query(query: Query, stores: Mapping[str, str]) -> None:
    if (query.sql is None) == (query.http is None):
        raise ConfigError("needs either sql or http")
    if query.http is not None:
        _rooted(query.http)
        return
    for pattern in query.stores:
        if not fnmatch.filter(stores, pattern):
            raise ConfigError(f"no store is called '{pattern}': {nearest(pattern, stores)}")
