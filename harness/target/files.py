"""What stands in a target file, word for word: the TOML language as structs. Its meaning is in mapping.py."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from invariants.schema import EVIDENCE

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Seconds = Annotated[float, Meta(gt=0)]
Code = int | str
Count = Annotated[int, Meta(ge=1)]


class HeaderPair(Struct, frozen=True, forbid_unknown_fields=True):
    """The header that marks pressure traffic."""

    name: str
    value: str


class TargetTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[target]: where it is and what its requests and answers share."""

    base_url: str
    ca_file: str | None = None  # certificates to believe when base_url is https, if not the machine's; PEM
    tag_header: HeaderPair | None = None
    key_header: str | None = None
    reader_header: str | None = None  # which of the target's processes answered
    stages: list[str] = field(default_factory=list)  # of a campaign, which operations can be of
    error_code: str | None = None  # where a refusal's code stands in the body: a JSON pointer
    headers: dict[str, str] = field(default_factory=dict)


class StartTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[start]: how the run starts the target. Without it, the target must be there already.

    A word of the command that is `{options}` alone becomes as many words as the run has options; `{topology}` becomes
    `--topology FILE --servers FILE`: the topology, and its servers' addresses as JSON, name → URL; or nothing.
    """

    command: list[str]
    ready: str = "/"  # a path that answers 200 once the target can serve
    timeout_s: Seconds = 60.0
    stop_s: Seconds = 10.0  # how long it may take to stop before it is killed
    environment: dict[str, str] = field(default_factory=dict)
    folder: str | None = None
    processes: str | None = None  # glob of pid files, one a role: what faults kill by name
    redis_flush: Literal["second", "always"] = "second"  # how often the run's own Redis writes to its disk
    topologies: str | None = None  # a folder of topologies that can be named, relative to the target file


class DrainTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[drain]: where the target says how much work it still has to do."""

    path: str
    pending: str


class AdminTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[admin]: how an operator sets $name to the whole number $value while the target runs, which faults do."""

    path: str
    body: str = '{"value": $value}'
    token_file: str | None = None  # holds what is said after `Authorization: Bearer`
    headers: dict[str, str] = field(default_factory=dict)


class ClaimsTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[claims]: the invariants that the target wants to be judged by."""

    invariants: list[str] = field(default_factory=list)


class OkTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer that says "it happened" looks like, and what it promises: JSON pointers."""

    status: list[int]
    code: list[Code] | None = None  # for systems that answer 200 to everything
    subject: str | None = None
    amount_fen: str | None = None
    sequence: str | None = None
    remaining_fen: str | None = None
    balance_fen: str | None = None
    income_fen: str | None = None  # of a wallet's view: all that ever came in
    orders: str | None = None  # of a wallet's view: the order numbers it shows, such as /flow/*/order
    fields: dict[str, str] = field(default_factory=dict)


class OperationTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[operation.NAME]: one request, and how to read its answer."""

    method: Method
    path: str
    ok: OkTable
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, list[list[Code]]] = field(default_factory=dict)  # reason → [[status, code] or [status]]


class WriteRead(Struct, frozen=True, forbid_unknown_fields=True):
    """Two functions, `package.module:name`: one writes what the other reads."""

    write: str
    read: str


class PropertiesTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[properties]: what `pytest --rainproof-target` tries; docs/properties.md. Functions are `package.module:name`.

    Without `machine`, the state machine asks the operations of the file, whose templates find their constants in
    `values`.
    """

    allocation: str | None = None
    style: Literal["next_share", "whole_packet"] = "next_share"
    allocation_bounds: bool = True  # shares are drawn as the document says; False for an algorithm of one's own
    machine: str | None = None  # makes a SystemUnderTest
    order_number: WriteRead | None = None
    token: WriteRead | None = None
    values: dict[str, str | int | bool] = field(default_factory=dict)
    examples: Count = 100  # a property
    runs: Count = 25  # of the state machine
    steps: Count = 20  # a run
    shrink_s: Seconds = 30.0  # how long a run that failed is made smaller


class ReconcileTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[reconcile]: where reconciliation $name is run by a POST, with the token and headers of [admin]."""

    path: str


class Query(Struct, frozen=True, forbid_unknown_fields=True):
    """One source of a canonical table: SQL in every store that a pattern names, or a path."""

    stores: list[str] = field(default_factory=lambda: ["*"])
    sql: str | None = None
    http: str | None = None


# [evidence]: `stores` maps names to SQLAlchemy URLs, every other key is a canonical table.
EvidenceTable: Any = msgspec.defstruct(
    "EvidenceTable",
    [
        ("stores", dict[str, str], field(default_factory=dict)),
        *((table, Query | list[Query] | None, None) for table in EVIDENCE),
    ],
    frozen=True,
    forbid_unknown_fields=True,
)


class TargetFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole target file."""

    target: TargetTable
    operation: dict[str, OperationTable] = field(default_factory=dict)
    start: StartTable | None = None
    drain: DrainTable | None = None
    admin: AdminTable | None = None
    claims: ClaimsTable = field(default_factory=ClaimsTable)
    evidence: EvidenceTable = field(default_factory=EvidenceTable)
    properties: PropertiesTable = field(default_factory=PropertiesTable)
    reconcile: ReconcileTable | None = None


class PropertiesFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file that names functions and no target."""

    properties: PropertiesTable
