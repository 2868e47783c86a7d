"""Templates of a target file, compiled: `$name` becomes a value, encoded for the place where it stands.

In a path a value is URL-quoted, in a body it is JSON, inside a JSON text in a body it is the inside of a
JSON text, in a header it is plain visible ASCII. No value can leave its place: what cannot be said there
is refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

import msgspec

from harness.config import ConfigError

_NAME = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*))")

Encode = Callable[[object], bytes]
Hole = tuple[str, Encode]

to_json: Encode = msgspec.json.Encoder().encode


class Template:
    """Text with holes: `names` are the holes' names, `render(values)` the bytes.

    `form % tuple(arguments(values))` is the same, for who has more to put around it.
    """

    __slots__ = ("_holes", "form", "names")

    def __init__(self, pieces: Sequence[bytes], holes: Sequence[Hole]) -> None:
        """`pieces` stand around the holes: always one more than there are."""
        self.names = frozenset(name for name, _ in holes)
        self.form = b"%b".join(piece.replace(b"%", b"%%") for piece in pieces)
        self._holes = tuple(holes)

    def __add__(self, other: "Template") -> "Template":
        whole = Template([b""], [])
        whole.names = self.names | other.names
        whole.form = self.form + other.form
        whole._holes = self._holes + other._holes
        return whole

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """What fills the holes. KeyError: a value is missing; ValueError: it cannot stand there."""
        return [encode(values[name]) for name, encode in self._holes]

    def render(self, values: Mapping[str, object]) -> bytes:
        """The text, every hole filled. Raises as `arguments` does."""
        return self.form % tuple(self.arguments(values))


def literal(text: str) -> Template:
    """Text without holes."""
    return Template([text.encode()], [])


def path_template(text: str) -> Template:
    """A request path, perhaps with a query: static parts as they stand, values URL-quoted."""
    pieces, names = _split(text)
    for piece in pieces:
        if not re.fullmatch(r"[!-~]*", piece) or "#" in piece:
            raise ConfigError(f"path '{text}' holds a character that no URL path has; write it as %XX")
    return Template([piece.encode() for piece in pieces], [(name, to_path) for name in names])


def header_template(text: str) -> Template:
    """A header's value: values plain visible ASCII."""
    pieces, names = _split(text)
    return Template([header_text(piece) for piece in pieces], [(name, header_text) for name in names])


def body_template(text: str) -> Template:
    """A JSON body: values as JSON, or as a part of a JSON text where the hole stands between quotes."""
    pieces, names = _split(text)
    holes: list[Hole] = []
    within = False
    for name, piece in zip(names, pieces, strict=False):
        within ^= _quotes(piece) % 2 == 1
        holes.append((name, to_json_text if within else to_json))
    template = Template([piece.encode() for piece in pieces], holes)
    try:
        msgspec.json.decode(template.render(dict.fromkeys(template.names, 0)))
    except msgspec.DecodeError:
        raise ConfigError(f"body is not JSON once its values are filled in: {text}") from None
    return template


def to_path(value: object) -> bytes:
    """A value as one piece of a path: 7 → 7, "a/b" → a%2Fb."""
    if type(value) is int:
        return b"%d" % value
    if type(value) is str:
        return _quoted(value)
    if value is None:
        raise ValueError("None cannot stand in a path")
    return quote(to_json(value), safe="").encode()


@lru_cache(1 << 16)
def _quoted(text: str) -> bytes:
    return quote(text, safe="").encode()


def to_json_text(value: object) -> bytes:
    """A value inside a JSON text that the template opened: a"b → a\\"b."""
    return to_json(value)[1:-1] if type(value) is str else to_json(to_json(value).decode())[1:-1]


def header_text(value: object) -> bytes:
    """A header's value, or a part of it. A line break would be a second header: refused."""
    text = value if type(value) is str else str(value)
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"{text!r} cannot stand in a header: visible ASCII only")
    return text.encode()


def _split(text: str) -> tuple[list[str], list[str]]:
    """The static pieces and the names between them: always one piece more than names. `$$` is a dollar."""
    pieces, names, start = [""], [], 0
    for match in _NAME.finditer(text):
        pieces[-1] += text[start : match.start()]
        start = match.end()
        if match[1]:
            pieces[-1] += "$"
        else:
            names.append(match[2])
            pieces.append("")
    pieces[-1] += text[start:]
    return pieces, names


def _quotes(piece: str) -> int:
    return len(re.findall(r'"', re.sub(r"\\.", "", piece)))
