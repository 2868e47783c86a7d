"""As much of Prometheus's language as alarms are written in, over scrapes that were taken one after the other.

A scrape is a moment in seconds and its samples: (name, labels) → value. Ranges reach over all scrapes. As in
Prometheus a series that appeared in the last scrape alone has no rise yet, and a missing series has no value at all.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
_TOKEN: Final = re.compile(r'\s*("[^"]*"|[0-9.]+(?:e[0-9]+)?|==|>=|<=|!=|=~|[A-Za-z_:][\w:]*|.)')
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "!=": operator.ne,
}  # fmt: skip
_TIMES: Final[Mapping[str, Callable[[float, float], float]]] = {"/": operator.truediv, "*": operator.mul}
_PLUS: Final[Mapping[str, Callable[[float, float], float]]] = {"-": operator.sub, "+": operator.add}
NOTHING: Final[Labels] = frozenset()


class Scrape(NamedTuple):
    at_s: float
    samples: Mapping[tuple[str, Labels], float]


def fires(expression: str, scrapes: Sequence[Scrape]) -> bool:
    """Whether an alarm's expression finds anything. Raises ValueError for what is not understood."""
    reader = _Reader(expression, scrapes)
    found = reader.comparison()
    if reader.left:
        raise ValueError(f"{expression!r}: cannot read {reader.left[0]!r}")
    return bool(found)


class _Reader:
    """Reads from left to right; numbers are vectors without labels."""

    def __init__(self, text: str, scrapes: Sequence[Scrape]) -> None:
        self.left = _TOKEN.findall(text.strip())
        self._scrapes = scrapes

    def comparison(self) -> Vector:
        found = self._sum()
        if self.left and self.left[0] in _COMPARE:
            holds, limit = _COMPARE[self._next()], self._sum()[NOTHING]
            return {labels: value for labels, value in found.items() if holds(value, limit)}
        return found

    def _sum(self) -> Vector:
        return self._chain(self._product, _PLUS)

    def _product(self) -> Vector:
        return self._chain(self._one, _TIMES)

    def _chain(self, part: Callable[[], Vector], signs: Mapping[str, Callable[[float, float], float]]) -> Vector:
        found = part()
        while self.left and self.left[0] in signs:
            found = _joined(signs[self._next()], found, part())
        return found

    def _one(self) -> Vector:
        word = self._next()
        if word[0].isdigit():
            return {NOTHING: float(word)}
        match word:
            case "(":
                return self._closed(self._sum())
            case "time":
                self._expect("(", ")")
                return {NOTHING: self._scrapes[-1].at_s}
            case "sum":
                return self._summed()
            case "rate" | "increase":
                return self._risen(per_s=word == "rate")
            case "histogram_quantile":
                return self._quantile()
        return {labels: values[-1] for labels, values in self._series(word).items() if not math.isnan(values[-1])}

    def _summed(self) -> Vector:
        by: list[str] = []
        if self.left[0] == "by":
            self._next()
            self._expect("(")
            while (word := self._next()) != ")":
                by += [word] if word != "," else []
        self._expect("(")
        found: Vector = {}
        for labels, value in self._closed(self._sum()).items():
            kept = frozenset(pair for pair in labels if pair[0] in by)
            found[kept] = found.get(kept, 0.0) + value
        return found

    def _risen(self, *, per_s: bool) -> Vector:
        self._expect("(")
        series = self._series(self._next())
        self._expect("[")
        while self._next() != "]":
            pass
        self._expect(")")
        over_s = self._scrapes[-1].at_s - self._scrapes[0].at_s if per_s else 1.0
        known = {labels: [v for v in values if not math.isnan(v)] for labels, values in series.items()}
        return {labels: (values[-1] - values[0]) / over_s for labels, values in known.items() if len(values) > 1}

    def _quantile(self) -> Vector:
        self._expect("(")
        (share,) = self._sum().values()
        self._expect(",")
        groups: dict[Labels, list[tuple[float, float]]] = {}
        for labels, count in self._closed(self._sum()).items():
            bound = float(dict(labels)["le"].replace("+Inf", "inf"))
            groups.setdefault(frozenset(pair for pair in labels if pair[0] != "le"), []).append((bound, count))
        return {labels: _quantile(share, sorted(buckets)) for labels, buckets in groups.items() if max(buckets)[1]}

    def _series(self, name: str) -> dict[Labels, list[float]]:
        """What a selector selects: a value a scrape, NaN where it was not there."""
        wanted = set()
        if self.left and self.left[0] == "{":
            self._next()
            while (word := self._next()) != "}":
                if word != ",":
                    self._expect("=")
                    wanted.add((word, self._next().strip('"')))
        found = {labels for scrape in self._scrapes for each, labels in scrape.samples if each == name}
        return {
            labels: [scrape.samples.get((name, labels), math.nan) for scrape in self._scrapes]
            for labels in found
            if wanted <= labels
        }

    def _closed(self, found: Vector) -> Vector:
        self._expect(")")
        return found

    def _next(self) -> str:
        if not self.left:
            raise ValueError("the expression ends too early")
        word: str = self.left.pop(0)
        return word

    def _expect(self, *words: str) -> None:
        for word in words:
            if (found := self._next()) != word:
                raise ValueError(f"{word!r} is expected where {found!r} stands")


def _joined(work: Callable[[float, float], float], left: Vector, right: Vector) -> Vector:
    """Value by value where labels are the same; a number goes with every one. What divides by 0 is left out."""
    if right.keys() == {NOTHING}:
        right = dict.fromkeys(left, right[NOTHING])
    elif left.keys() == {NOTHING}:
        left = dict.fromkeys(right, left[NOTHING])
    both = left.keys() & right.keys()
    return {
        labels: work(left[labels], right[labels]) for labels in both if right[labels] or work is not operator.truediv
    }


def _quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float:
    """By straight lines within a bucket; of what lies beyond the last bound, that bound."""
    rank, below, floor = share * buckets[-1][1], 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            return floor if math.isinf(bound) else floor + (bound - floor) * (rank - below) / max(count - below, 1e-9)
        below, floor = count, bound
    return floor
