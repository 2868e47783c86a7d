"""The target language: templates, requests, and what is refused when the file is loaded."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import httptools
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.config import ConfigError
from harness.target import Operation, Target, load_target

REFERENCE = Path(__file__).parents[3] / "reference_impl" / "target.toml"
VARIABLES = {
    "python": sys.executable,
    "port": "8080",
    "sql": "sqlite:////data",
    "cache": "redis://127.0.0.1:1/0",
    "data": "/data",
    "backend": "servers",
    "options": "--mutant 'two words'",
    "run": "1",
}
SHARED = """
tag_header = { name = "X-Tag", value = "1" }
key_header = "X-Key"
error_code = "/code"
"""
OPEN = """
[operation.open]
method = "POST"
path = "/v1/packets/$packet/open?who=$person"
body = '{"person": $person, "note": "for $note, $$5", "deep": [{"any": $any}]}'
headers = { Authorization = "Bearer $token" }
ok = { status = [200] }
"""
TargetOf = Callable[..., Target]

texts = st.text(st.characters(exclude_categories=["Cs"]))
simple = st.one_of(st.integers(), texts, st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
anything = st.recursive(simple | st.none(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=5)
visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


class Request:
    """A request as a server's parser sees it."""

    def __init__(self, data: bytes) -> None:
        self.url, self.headers, self.body, self.complete = b"", [], b"", 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method, self.keeps_alive = parser.get_method(), parser.should_keep_alive()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


@pytest.fixture
def operation(target_of: TargetOf) -> Operation:
    return target_of(OPEN, SHARED).operations["open"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(packet="a/b?c=d&e#f%2F", person="x&who=9", note='"}', value="\r\n", key="k", token="a b", tagged=True)
@given(packet=simple, person=simple, note=simple, value=anything, key=visible, token=visible, tagged=st.booleans())
def test_any_values_make_one_request_that_says_them(
    operation: Operation,
    packet: object,
    person: object,
    note: object,
    value: object,
    key: str,
    token: str,
    tagged: bool,
) -> None:
    """Whatever the values, a server's parser sees one request with exactly these values, and no header more."""
    values = {"packet": packet, "person": person, "note": note, "any": value, "token": token}
    request = Request(operation.render(values, key=key, tagged=tagged))
    assert (request.method, request.complete, request.keeps_alive) == (b"POST", 1, True)

    said = [text if isinstance(text, str) else json.dumps(text) for text in (packet, person)]
    path, _, query = request.url.decode().partition("?")
    before, quoted, after = path.removeprefix("/v1/").split("/")
    assert (before, after, query.count("&")) == ("packets", "open", 0)
    assert same([unquote(quoted), unquote(query.removeprefix("who="))], said)

    body = json.loads(request.body)
    note_said = body["note"].removeprefix("for ").removesuffix(", $5")
    assert same(body["person"], person)
    assert same([note_said], [note if isinstance(note, str) else json.dumps(note)])
    assert same(body["deep"], [{"any": value}])

    expected = {b"host", b"content-type", b"content-length", b"authorization", b"x-key"}
    expected |= {b"x-tag"} if tagged else set()
    headers = dict(request.headers)
    assert len(request.headers) == len(expected)
    assert set(headers) == expected
    assert headers[b"x-key"] == key.encode()
    assert headers[b"authorization"] == f"Bearer {token}".encode()


def same(left: object, right: object) -> bool:
    """Equal as JSON; numbers said differently (1e16, 1e+16) are equal."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, str) and isinstance(right, str) and left != right:
        return same(json.loads(left), json.loads(right))
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("evil", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "a b", "中", "", "a\x7f"])
def test_key_that_would_be_another_header_is_refused(operation: Operation, evil: str) -> None:
    """A key with a line break, a control character, a space or beyond ASCII never reaches the wire."""
    values = {"packet": 1, "person": 1, "note": 1, "any": 1, "token": "t"}
    with pytest.raises(ConfigError, match="operation 'open': key"):
        operation.render(values, key=evil, tagged=False)


@pytest.mark.parametrize("evil", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", "中"])
def test_header_value_that_would_be_another_header_is_refused(operation: Operation, evil: str) -> None:
    """The same of a value that a header's template takes."""
    values = {"packet": 1, "person": 1, "note": 1, "any": 1, "token": evil}
    with pytest.raises(ConfigError, match="cannot stand in a header"):
        operation.render(values, key="k", tagged=False)


def test_missing_value_is_named(operation: Operation) -> None:
    """A template knows the values it needs, and says which one it did not get."""
    assert operation.names == {"packet", "person", "note", "any", "token"}
    with pytest.raises(ConfigError, match=r"operation 'open' needs a value for \$person"):
        operation.render({"packet": 1}, key=None, tagged=False)
    with pytest.raises(ConfigError, match="None cannot stand in a path"):
        operation.render(dict.fromkeys(operation.names), key=None, tagged=False)


def test_tagged_request_without_a_tag_header_is_refused(target_of: TargetOf) -> None:
    """Pressure traffic that cannot be marked is not sent at all."""
    operation = target_of('[operation.look]\nmethod = "GET"\npath = "/"\nok = {status = [200]}').operations["look"]
    assert operation.render({}, key="dropped", tagged=False).startswith(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:")
    with pytest.raises(ConfigError, match="tag_header"):
        operation.render({}, key=None, tagged=True)


def test_post_without_body_says_so(target_of: TargetOf) -> None:
    """A POST without a body has length 0, so that no server waits for more."""
    operation = target_of('[operation.a]\nmethod = "POST"\npath = "/%20$x"\nok = {status = [200]}').operations["a"]
    request = Request(operation.render({"x": "%"}, key=None, tagged=False))
    assert (request.complete, request.body, request.url) == (1, b"", b"/%20%25")
    assert (b"content-length", b"0") in request.headers


def test_reference_is_mapped_by_its_own_file() -> None:
    """The reference's target file loads, with everything that the run relies on."""
    target = load_target(REFERENCE, VARIABLES)
    assert set(target.operations) >= {"fund", "send", "pay", "grab", "open", "details", "balance"}
    assert target.evidence.stores["south_0"] == "sqlite:////data/south_0"
    assert len(target.claims) == 22
    assert target.start is not None
    assert "{" not in "".join(target.start.command)


def test_options_become_words_of_the_command(target_of: TargetOf) -> None:
    """`{options}` alone is as many words as there are options: none, or quoted ones."""
    command = '[start]\ncommand = ["serve", "{options}", "--port={port}"]'
    with_two = target_of(command, options="--mutant 'two words'", port="1").start
    without = target_of(command, options="", port="1").start
    assert with_two is not None and with_two.command == ["serve", "--mutant", "two words", "--port=1"]
    assert without is not None and without.command == ["serve", "--port=1"]


LOOK = '[operation.look]\nmethod = "GET"\npath = "/x"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[operations.look]", "unknown key 'operations': did you mean 'operation'?"),
        (LOOK + "ok = {state = [200]}", "unknown key 'operation.look.ok.state': did you mean 'status'?"),
        (LOOK, "key 'operation.look.ok' is missing"),
        (LOOK.replace("GET", "get") + "ok = {status = [200]}", "'operation.look.method': invalid enum value 'get'"),
        (LOOK.replace("/x", "x") + "ok = {status = [200]}", "[operation.look] path 'x' does not begin with /"),
        (LOOK.replace("/x", "/a b") + "ok = {status = [200]}", "[operation.look] path '/a b' holds a character"),
        (LOOK + "body = '{\"a\": b}'\nok = {status = [200]}", "[operation.look] body is not JSON"),
        (LOOK + 'ok = {status = [200], subject = "packet"}', "[operation.look] 'packet' is not a JSON pointer"),
        (LOOK + 'headers = {Host = "x"}\nok = {status = [200]}', "[operation.look] header 'Host' is written by"),
        (LOOK + 'headers = {"a b" = "x"}\nok = {status = [200]}', "[operation.look] 'a b' is not a header name"),
        (LOOK + 'headers = {a = "x\\r\\ny"}\nok = {status = [200]}', "[operation.look] 'x\\r\\ny' cannot stand"),
        (LOOK + "ok = {status = [200]}\nrefusals = {gone = [[]]}", "[operation.look] refusal 'gone' lists []"),
        (LOOK + 'ok = {status = [200]}\nrefusals = {a = [[4, "x"]], b = [[4, "x"]]}', "'a' and 'b' both list [4, 'x']"),
        (LOOK + "ok = {status = [200]}\nrefusals = {a = [[200]]}", "refusal 'a' lists [200], which is also ok"),
        (LOOK + "ok = {status = [200], code = [0]}\nrefusals = {a = [[200, 0]]}", "lists [200, 0], which is also ok"),
        ('[start]\ncommand = ["{pyton}"]', "'start.command' has unknown placeholder {pyton}: did you mean 'python'?"),
        ("[start]\ncommand = []", "[start] command is empty"),
        ('[drain]\npath = "x"\npending = "/p"', "[drain] path 'x' does not begin with /"),
        ("[evidence.packet]\nsql = 'x'", "unknown key 'evidence.packet': did you mean 'packets'?"),
        ("[evidence.packets]\nsql = 'x'", "[evidence.packets] no store is called '*': none is known here"),
        (
            "[evidence.stores]\na = 'x'\n[evidence.packets]\nstores = ['b']\nsql = 'x'",
            "no store is called 'b': known: a",
        ),
        ("[evidence.packets]\nhttp = '/x'\nsql = 'x'", "[evidence.packets] needs either sql or http"),
        ("[evidence.packets]\nhttp = 'x'", "[evidence.packets] path 'x' does not begin with /"),
    ],
)
def test_mistakes_in_a_file_are_one_line(target_of: TargetOf, text: str, said: str) -> None:
    """Every mistake that can be known when the file is read is named then, with its place."""
    with pytest.raises(ConfigError) as caught:
        target_of(text, 'error_code = "/code"')
    assert said in str(caught.value)
    assert "target.toml: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://a", "127.0.0.1:80", "http://", "http://a:x", "http://a?b=1", "http://u@a"])
def test_base_url_in_another_form_is_refused(tmp_path: Path, url: str) -> None:
    """What the client cannot speak to is refused when the file is read."""
    (tmp_path / "target.toml").write_text(f'[target]\nbase_url = "{url}"')
    with pytest.raises(ConfigError, match=r"\[target\]"):
        load_target(tmp_path / "target.toml", {})


def test_base_url_may_have_a_prefix_and_a_name(tmp_path: Path) -> None:
    """A base URL's path stands before every path, its name in the host header."""
    look = LOOK + "ok = {status = [200]}"
    (tmp_path / "target.toml").write_text(f'[target]\nbase_url = "http://[::1]:81/api/"\n{look}')
    target = load_target(tmp_path / "target.toml", {})
    assert (target.host, target.port, target.prefix) == ("::1", 81, "/api")
    said = target.operation("look").render({}, key=None, tagged=False)
    assert said == b"GET /api/x HTTP/1.1\r\nHost: [::1]:81\r\n\r\n"


def test_operation_that_a_file_lacks_is_named(target_of: TargetOf) -> None:
    """A scenario that needs an operation the target does not map is told the nearest."""
    with pytest.raises(ConfigError, match=r"no \[operation.opne\]: did you mean 'open'\?"):
        target_of(OPEN, SHARED).operation("opne")


def test_the_first_known_of_several_names_fills_in(target_of: TargetOf) -> None:
    """`{name|other}` is the address of a server where there is one by that name, and another's where there is not."""
    text = '[evidence.stores]\na = "{south_0|sql}/a"'
    assert target_of(text, sql="x://1", south_0="x://2").evidence.stores == {"a": "x://2/a"}
    assert target_of(text, sql="x://1").evidence.stores == {"a": "x://1/a"}
    with pytest.raises(ConfigError, match=r"unknown placeholder \{south_0\|sql\}"):
        target_of(text)


def test_a_topology_is_any_number_of_words(target_of: TargetOf) -> None:
    """`{topology}` alone as a word of the command is the words that name the files, or none."""
    text = '[start]\ncommand = ["serve", "{topology}", "{options}"]'
    words = target_of(text, topology="--topology 'a b.toml' --servers s.json", options="").start
    assert words and words.command == ["serve", "--topology", "a b.toml", "--servers", "s.json"]
    none = target_of(text, topology="", options="").start
    assert none and none.command == ["serve"]


def test_an_operator_s_request_is_checked(target_of: TargetOf) -> None:
    """[admin] may name $name and $value only."""
    with pytest.raises(ConfigError, match=r"\[admin\] \$nam has no value here: did you mean 'name'"):
        target_of('[admin]\npath = "/controls/$nam"')
