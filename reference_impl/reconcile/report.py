"""What one pass of a reconciliation saw and did."""

import msgspec


class Report(msgspec.Struct, frozen=True):
    examined: int = 0
    missing: int = 0
    repaired: int = 0

    def __add__(self, other: "Report") -> "Report":
        return Report(self.examined + other.examined, self.missing + other.missing, self.repaired + other.repaired)
