"""Which days are hot and which are cold (W14). Days are UTC; moments are microseconds."""

from datetime import UTC, date, datetime, timedelta


def closes_us(day: date, hot_days: int) -> int:
    """The moment at which packets of this day begin to be cold: midnight after the last of its hot days."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int((midnight + timedelta(hot_days)).timestamp()) * 1_000_000


def last_cold_day(now_us: int, hot_days: int) -> date:
    """The newest day whose packets are cold."""
    return day_of(now_us) - timedelta(hot_days)


def day_of(now_us: int) -> date:
    return datetime.fromtimestamp(now_us // 1_000_000, UTC).date()
