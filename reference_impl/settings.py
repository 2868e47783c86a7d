"""What one deployment is: where its stores are and how patient it is. Nothing here decides about money."""

from typing import Final

import msgspec

REGIONS: Final = ("south", "north")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    sql: str
    """Where databases are, without a database's name: `mysql+pymysql://root@127.0.0.1:3306` or `sqlite:////folder`."""
    databases: dict[str, str] = {}
    """Where single databases are instead: name → address as `sql`."""
    standbys: dict[str, str] = {}
    """Where replicas of order databases are that serve no user: name → address (W09); without one, the database."""
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
    order_shards: int = 2
    """Databases a region (W14)."""
    ledger_shards: int = 2
    """Databases of accounts and postings (Money rule 1)."""
    max_shares: int = 1000
    lifetime_ms: int = 24 * 3600 * 1000
    """How long a packet can be opened after it is paid (W21)."""
    preorder_s: int = 900
    """How long an unpaid order stays in the cache (W05)."""
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
    hot_days: int = 3
    """How many day tables sweeper and reconcilers look at (W14)."""
    day_tables: tuple[int, ...] = tuple(range(1, 32))
    """The days of month there are tables for (W14)."""
    activity: str = ""
    """The TOML file of the festival's activity (B05); none: there is no wallet."""
    wallet_shards: int = 2
    """Databases of asset orders and withdrawals."""
    tokens: str = ""
    """Where tokens are kept; by default the streams' address (B08)."""
    bank: str = ""
    """Where the bank is, `http://…`; none: its books are a database of this deployment."""
    slice_fen: int = 1_000_000
    """How much of a scene's budget a process takes at a time (B14)."""
    slice_s: float = 5.0
    """How long it may give awards out of that."""
    controls_every_s: float = 0.25
    """How often a process looks what operators have set (B17)."""
    threads: int = 256
    mutant: str = ""
    weather: str = ""
    """Name of the mutant whose adverse environment, without its bug, this deployment runs in."""

    def address_of(self, database: str) -> str:
        """Where a database is, without its name."""
        return self.databases.get(database, self.sql)

    def standby_of(self, database: str) -> str:
        """Where the database's replica is, without its name."""
        return self.standbys.get(database, self.address_of(database))

    @property
    def regions_served(self) -> tuple[str, ...]:
        return self.serves or self.regions

    @property
    def embedded(self) -> bool:
        return self.cache == "embedded"
