"""What one deployment is: where its stores are and how patient it is. Nothing here decides about money."""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from reference_impl.domain.bank_moods import parse_moods

REGIONS: Final = ("south", "north")
DAY_MS: Final = 24 * 3600 * 1000


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    sql: str
    """Where databases are, without a database's name: `mysql+pymysql://root@127.0.0.1:3306` or `sqlite:////folder`."""
    databases: dict[str, str] = {}
    """Where single databases are instead: name → address as `sql`."""
    standbys: dict[str, str] = {}
    """Where replicas of order databases are that serve no user: name → address (W09); without one, the database."""
    replicas: dict[str, str] = {}
    """Where replicas of databases are that are promoted when their own server is gone: name → address (B10)."""
    cache: str
    """A `redis://` address, or `embedded` for a cache inside the process."""
    stream: str = ""
    """Where the streams are and what operators set; by default the cache's address."""
    data: str
    """A folder of this deployment: process ids, SQLite files."""
    host: str = "127.0.0.1"
    port: int = 8000
    regions: tuple[str, ...] = REGIONS
    """Those that have order databases (W01)."""
    serves: tuple[str, ...] = ()
    """Those whose packets this process serves; none: all of them."""
    links: dict[str, str] = {}
    """Where other regions are reached from here: region → address of the link to it (W01)."""
    link_patience_s: float = 5.0
    """How long another region may take to answer."""
    order_shards: int = 2
    """Databases a region (W14)."""
    ledger_shards: int = 2
    """Databases of accounts and postings (Money rule 1)."""
    max_shares: int = 1000
    lifetime_ms: int = 24 * 3600 * 1000
    """How long a packet can be opened after it is paid (W21)."""
    preorder_s: int = 900
    """How long an unpaid order stays in the cache (W05)."""
    breaker_failures: int = 3
    """So many failures open a breaker, where they are half of what was tried (W04)."""
    breaker_window_ms: int = 1000
    """Within this time."""
    breaker_rest_ms: int = 1000
    """How long an open breaker rests before a call may try."""
    group_commit: bool = True
    """Whether waiting opens of a packet share a transaction, or each has its own (W11)."""
    group_wait_ms: float = 2.0
    """How long the first open of a batch waits for company (W11)."""
    group_most: int = 256
    """The most opens of one packet in the database at once (W11)."""
    group_queue: int = 4096
    """The most opens of one packet waiting; more are refused with 429."""
    open_patience_s: float = 5.0
    """How long an open waits for its turn before it is refused."""
    sweep_every_s: float = 0.5
    reconcile_after_s: float = 5.0
    """How old a voucher or payment must be before its absence elsewhere is a fault."""
    rest_ms: int = 2000
    """After this long a message that was taken and not finished is tried by whoever comes (W06)."""
    hot_days: Annotated[int, msgspec.Meta(ge=1)] = 3
    """How many days a packet stands in its day's table before it may go to the cold store (W14)."""
    cools: bool = True
    """Whether the sweeper moves cold days to the cold store (W14)."""
    cool_after_s: float = 600.0
    """How long after a day has become cold its packets are moved: longer than any statement takes (W14)."""
    full_pass_every: Annotated[int, msgspec.Meta(ge=1)] = 20
    """Every so many passes the sweeper looks at all days and starts from the beginning, for what was committed late."""
    compares: bool = True
    """Whether the sweeper compares awards with the ledger once more, seconds and hours later (B14)."""
    dead_after_s: float = 3600.0
    """How long what fails for want of a store is tried again before it is laid aside (W06)."""
    samples_every_s: float = 1.0
    """How often a process says how many opens of a packet it had in the database at once (W11)."""
    day_tables: tuple[int, ...] = tuple(range(1, 32))
    """The days of month there are tables for (W14)."""
    activity: str = str(Path(__file__).parent / "wallet" / "activity.toml")
    """The TOML file of the festival's activity (B05); empty: there is no wallet."""
    wallet_shards: int = 2
    """Databases of asset orders and withdrawals."""
    tokens: str = ""
    """Where tokens are kept; by default the streams' address (B08)."""
    kv: str = ""
    """Where it is remembered which orders were given; by default the tokens' address (B10)."""
    lock: str = ""
    """Where a person is locked for an award; by default the tokens' address (B10)."""
    bank: str = ""
    """Where the bank is, `http://…`; none: its books are a database of this deployment."""
    bank_port: int = 0
    """Serve a stand-in of the bank here, with books of its own; 0: do not (B23)."""
    bank_moods: str = ""
    """How the bank that is ours treats those who ask it: `late:5,fails:3,mute:2,twice:5,refuses:2`, of a hundred."""
    bank_seed: int = 7
    """Which of them it treats so."""
    stock_parts: Annotated[int, msgspec.Meta(ge=1)] = 4
    """Counters that a coupon's stock is split over, for each wallet database (B12)."""
    total_plan: Literal[1, 2] = 2
    """How the live total is counted: 1 on a hundred keys, 2 merged in the process (B13)."""
    total_every_s: float = 1.0
    """How often a process tells and asks the live total (B13)."""
    total_instances: Annotated[int, msgspec.Meta(ge=1)] = 1
    """How many processes do; so many that one key could not bear it make each of them slower (B13)."""
    total_backup: str = ""
    """Where the live total is counted a second time: a Redis's address; none: nowhere (B13)."""
    slice_fen: int = 1_000_000
    """How much of a scene's budget a process takes at a time (B14)."""
    slice_s: float = 5.0
    """How long it may give awards out of that."""
    controls_every_s: float = 0.25
    """How often a process looks what operators have set (B17)."""
    memory_packets: int = 10_000
    """The most packets a process remembers (W08)."""
    memory_s: float = 1.0
    """How long a process trusts what it remembers; another process's opens are unseen for so long (W08)."""
    screen_s: int = 5
    """How old a cached screen of a person's list may be (W20)."""
    code_s: int = 120
    """How long a face-to-face packet's code stands for it (W23)."""
    code_digits: tuple[int, ...] = (4, 5, 6)
    """How long codes are; a longer one is taken where all shorter ones that were tried are taken."""
    profiles: str = ""
    """Where the profile service is, `http://host:port`; by default there is none (W18)."""
    profile_port: int = 0
    """Serve a stand-in of the profile service here; 0: do not."""
    profile_wait_ms: int = 50
    """How long the profile service is waited for (W18)."""
    profile_s: int = 3600
    """How long the cache keeps a profile (W13)."""
    admin_token: str = ""
    """What operators say to set controls; without one it is made, in `{data}/admin.token` (B17)."""
    threads: int = 256
    mutant: str = ""
    weather: str = ""
    """Name of the mutant whose adverse environment, without its bug, this deployment runs in."""

    def __post_init__(self) -> None:
        parse_moods(self.bank_moods)

    def address_of(self, database: str) -> str:
        """Where a database is, without its name."""
        return self.databases.get(database, self.sql)

    def replica_of(self, database: str) -> str:
        """Where the replica is that takes over a database, without its name; nothing where none does (B10)."""
        return self.replicas.get(database, "")

    def standby_of(self, database: str) -> str:
        """Where the database's replica is, without its name."""
        return self.standbys.get(database, self.address_of(database))

    @property
    def days_looked_at(self) -> int:
        """So many days back there may be a packet that is not over yet: it is paid late and then lives on (W21)."""
        alive_ms = self.lifetime_ms + self.preorder_s * 1000
        return max(self.hot_days, 1 - -alive_ms // DAY_MS)

    @property
    def regions_served(self) -> tuple[str, ...]:
        return self.serves or self.regions

    @property
    def embedded(self) -> bool:
        return self.cache == "embedded"
