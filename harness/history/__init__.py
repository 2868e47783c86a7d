"""The history of a run: a journal while it runs, Parquet after."""

from harness.history.clock import now_ns
from harness.history.journal import Journal
from harness.history.parquet import HistoryCounts, collect

__all__ = ["HistoryCounts", "Journal", "collect", "now_ns"]
