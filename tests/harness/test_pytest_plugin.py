"""`pytest --rainproof-target`: the sound passes, the wrong fails with its smallest example, bad input is one line."""

import re
from fnmatch import fnmatch
from importlib.metadata import distributions
from pathlib import Path

import msgspec
import pytest

from harness import run
from harness.config import ConfigError
from harness.properties import suite
from harness.properties.http_system import check_templates
from harness.target import load_target

assert run and suite  # pytest within pytest forgets what it imported, and modules in C cannot be imported twice

pytest_plugins = "pytester"

POINTS = [point.value for found in distributions() for point in found.entry_points if point.group == "pytest11"]
PLUGIN = ["-p", "no:schemathesis", *([] if "harness.pytest_plugin" in POINTS else ["-p", "harness.pytest_plugin"])]
REPOSITORY = Path(__file__).parents[2]

LUCKY = """
import random

def next_share(left_fen, left_shares):
    if left_shares == 1:
        return left_fen
    lower = max(1, left_fen - 20000 * (left_shares - 1))
    upper = min(20000, left_fen - (left_shares - 1), 2 * left_fen // left_shares)
    return max(lower, random.randrange(upper))

def by_a_draw(remaining_fen, remaining_shares, draw, limit=20000):
    lower = max(1, remaining_fen - limit * (remaining_shares - 1))
    upper = min(limit, remaining_fen - (remaining_shares - 1), 2 * remaining_fen // remaining_shares)
    return max(lower, draw % upper) if remaining_shares > 1 else remaining_fen

def whole(total_fen, shares):
    given = []
    for left in range(shares, 0, -1):
        given.append(next_share(total_fen - sum(given), left))
    return given

def negative_last(total_fen, shares):
    mean = -(-total_fen // shares)
    return [mean] * (shares - 1) + [total_fen - mean * (shares - 1)]

def in_yuan(left_fen, left_shares):
    return left_fen if left_shares == 1 else round(left_fen / left_shares) * 1.0

def always_least(left_fen, left_shares):
    return max(1, left_fen - 20000 * (left_shares - 1)) if left_shares > 1 else left_fen

def half_of_it(left_fen, left_shares):
    return left_fen if left_shares == 1 else max(1, left_fen // 2 - left_shares)

calls = []

def unsteady(left_fen, left_shares):
    calls.append(1)
    return True if len(calls) == 40 else next_share(left_fen, left_shares)

def raises(left_fen, left_shares):
    return 100 // (left_shares - 3)
"""
AWARDS = """
import hashlib, json

def order_number(act_id, scene_id, rain_id, award_type, stage):
    parts = [str(part) for part in (act_id, scene_id, rain_id, award_type, stage)]
    if any("_" in part for part in parts):
        raise ValueError("no _ in a part")
    return "_".join(parts)

def parts(text):
    return dict(zip(["act_id", "scene_id", "rain_id", "award_type", "stage"], text.split("_"), strict=True))

def careless(*parts):
    return "_".join(map(str, parts))

def seal(fields):
    body = json.dumps(fields).encode()
    return hashlib.sha256(b"secret" + body).digest() + body

def unseal(token):
    if hashlib.sha256(b"secret" + token[32:]).digest() != token[:32]:
        raise ValueError("forged")
    return json.loads(token[32:])

def trusting(token):
    return json.loads(token[32:])
"""


def tried(pytester: pytest.Pytester, *options: str, **files: str) -> pytest.RunResult:
    """Runs pytest on target.toml, with modules beside it."""
    pytester.makefile(".toml", target=files.pop("target"))
    if files:
        pytester.makepyfile(**files)
    return pytester.runpytest_inprocess(
        *PLUGIN, "--rainproof-target", "target.toml", "--hypothesis-seed=0", "-p", "no:cacheprovider", *options
    )


def allocation(pytester: pytest.Pytester, function: str, style: str = "next_share", more: str = "") -> pytest.RunResult:
    table = f'[properties]\nallocation = "lucky:{function}"\nstyle = "{style}"\nexamples = 20\n{more}'
    return tried(pytester, target=table, lucky=LUCKY)


@pytest.mark.parametrize("function", ["next_share", "by_a_draw", "whole"])
def test_a_sound_allocation_passes(pytester: pytest.Pytester, function: str) -> None:
    """The document's algorithm share by share, with a draw as its argument, and a whole packet at once."""
    allocation(pytester, function, "whole_packet" if function == "whole" else "next_share").assert_outcomes(passed=6)


def test_a_negative_last_share_is_shown_by_its_smallest_example(pytester: pytest.Pytester) -> None:
    """The mean rounded up leaves too little: 4 fen in 3 shares give 2, 2 and 0."""
    said = allocation(pytester, "negative_last", "whole_packet", "allocation_bounds = false")
    said.assert_outcomes(passed=2, failed=1)
    said.stdout.fnmatch_lines(
        [
            "Not so: every share is at least 1 fen.",
            "*packet=Packet(total_fen=4, shares=3, kind='lucky'),*",
            "share 3 of 3 is 0 fen",
        ]
    )
    assert "Traceback" not in said.stdout.str() and "harness/properties" not in said.stdout.str()


def test_float_money_is_found(pytester: pytest.Pytester) -> None:
    """A share that is a float is no share, even if it is a whole number."""
    said = allocation(pytester, "in_yuan")
    said.stdout.fnmatch_lines(
        ["Not so: every share is a whole number of fen, an int and never a float.", "share 1 of 2 is *.0, a float"]
    )


def test_an_algorithm_that_is_not_the_documents_is_found_or_allowed(pytester: pytest.Pytester) -> None:
    """Always the least share keeps every bound and lacks support; half of what is left is above twice the mean."""
    said = allocation(pytester, "always_least")
    said.assert_outcomes(passed=5, failed=1)
    said.stdout.fnmatch_lines(["of 600 packets of 12 fen in 3 shares none begins with 2, 3, 4, 5, 6, 7 fen"])
    said = allocation(pytester, "half_of_it")
    said.stdout.fnmatch_lines(["Not so: every share is one that the document's algorithm draws."])
    allocation(pytester, "half_of_it", more="allocation_bounds = false").assert_outcomes(passed=3)


def test_an_error_of_the_function_is_shown_where_it_arose(pytester: pytest.Pytester) -> None:
    """Somebody else's exception comes with their line and the example."""
    said = allocation(pytester, "raises")
    assert said.ret == pytest.ExitCode.TESTS_FAILED
    said.stdout.fnmatch_lines(
        ["*return 100 // (left_shares - 3)*", "*ZeroDivisionError*", "*packet=Packet(*shares=3,*"]
    )


def test_what_does_not_fail_again_is_told_as_that(pytester: pytest.Pytester) -> None:
    """A function that fails once and never again: the failure stands, with why there may be no example of it."""
    said = allocation(pytester, "unsteady", more="allocation_bounds = false")
    said.assert_outcomes(passed=2, failed=1)
    said.stdout.fnmatch_lines(["Not so: *.", "Tried once more, it did not fail: *"])
    assert "Traceback" not in said.stdout.str()


def test_order_numbers_and_tokens(pytester: pytest.Pytester) -> None:
    """Sound functions pass; a part with _ that is let through, and a token that is not checked, are found."""
    table = """
    [properties]
    examples = 20
    order_number = {{ write = "awards:{}", read = "awards:parts" }}
    token = {{ write = "awards:seal", read = "awards:{}" }}
    """
    tried(pytester, target=table.format("order_number", "unseal"), awards=AWARDS).assert_outcomes(passed=4)
    said = tried(pytester, target=table.format("careless", "trusting"), awards=AWARDS)
    said.assert_outcomes(passed=2, failed=2)
    said.stdout.fnmatch_lines(["it is written as *_*", "*was altered, and it is read as *"])


def test_a_machine_of_ones_own(pytester: pytest.Pytester) -> None:
    """A factory of a system in the same process: sound it passes, broken it is told step by step."""
    toy = (REPOSITORY / "tests" / "invariants" / "toy_system.py").read_text()
    late = "\n\nToy.closed, on_time = lambda *asked: on_time(*asked).replace('expired', ''), Toy.closed\n"
    table = '[properties]\nruns = 10\nshrink_s = 2\nmachine = "toy:{}"\n'
    tried(pytester, target=table.format("Toy"), toy=toy).assert_outcomes(passed=1)
    said = tried(pytester, target=table.format("Toy"), toy=toy + late)
    said.assert_outcomes(failed=1)
    said.stdout.fnmatch_lines(
        [
            "Not so: people are told nothing that cannot be, and money is conserved.",
            "What was asked, and what was answered:",
            "time passes to the end of P1",
            "open(P1, 9, key-7) → ok, *",
            "open(P1, 9, key-7) succeeded after its time",
        ]
    )


def test_a_machine_that_saw_nothing_shows_nothing(pytester: pytest.Pytester) -> None:
    """A system that is always busy contradicts nobody; that is no success."""
    toy = (REPOSITORY / "tests" / "invariants" / "toy_system.py").read_text()
    busy = '\n\nToy.open = lambda *asked: Outcome("fail", "limited")\n'
    said = tried(pytester, target='[properties]\nmachine = "toy:Toy"\nruns = 2', toy=toy + busy)
    said.assert_outcomes(failed=1)
    said.stdout.fnmatch_lines(["no open succeeded, so that nothing was shown: *"])


def test_a_target_that_cannot_be_asked(pytester: pytest.Pytester) -> None:
    """One without the operations is skipped and says which; one that is not up fails in one line."""
    table = '[target]\nbase_url = "http://127.0.0.1:{}"\n'
    said = tried(pytester, "-rs", target=table.format(9))
    said.assert_outcomes(skipped=1)
    said.stdout.fnmatch_lines(["SKIPPED *the state machine needs [[]operation.fund], or [[]properties] machine"])
    operations = "".join(
        f'[operation.{name}]\nmethod = "POST"\npath = "/{name}/$person"\nok = {{ status = [200] }}\n'
        for name in ("fund", "send", "pay", "open", "balance")
    )
    said = tried(pytester, target=table.format(9) + operations)
    said.assert_outcomes(failed=1)
    said.stdout.fnmatch_lines(["*target http://127.0.0.1:9 does not answer (*): start it, or say how in [[]start]"])


def test_a_template_that_cannot_be_filled(tmp_path: Path) -> None:
    """A value that the machine does not have must be in the file; a write that has no key cannot be tried again."""
    path = tmp_path / "target.toml"
    path.write_text(reference())
    target = load_target(path, dict.fromkeys(("python", "sql", "cache", "data", "options"), "") | {"port": "9"})
    check_templates(target, {"region": "south"})
    with pytest.raises(ConfigError, match=r"operation.send\] needs a value for \$region: give it in \[properties\]"):
        check_templates(target, {})
    with pytest.raises(ConfigError, match=r"operation.fund\] has no key to be tried again under: name key_header"):
        check_templates(msgspec.structs.replace(target, key_header=None), {"region": "south"})


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (
            'allocation = "theirs.next_share"',
            "[[]properties] allocation: 'theirs.next_share' is not package.module:function",
        ),
        (
            'allocation = "nowhere:next_share"',
            "*cannot import 'nowhere': ModuleNotFoundError: No module named 'nowhere'",
        ),
        ('allocation = "broken:f"', "*cannot import 'broken': ZeroDivisionError: *"),
        ('allocation = "theirs:next_shar"', "*'theirs' has no function 'next_shar': did you mean 'next_share'?"),
        ('allocation = "theirs:next_share"\nstyle = "half"', "*'properties.style': invalid enum value 'half'*"),
        ('allocatoin = "theirs:next_share"', "*unknown key 'properties.allocatoin': did you mean 'allocation'?"),
        ("", "[[]properties] names nothing to try: allocation, machine, order_number or token"),
        (
            'order_number = { write = "theirs:f", read = "theirs:whole" }',
            "*order_number.write: 'theirs' has no function 'f'*",
        ),
        ("examples = 0", "*'properties.examples': expected 'int' >= 1*"),
    ],
)
def test_what_is_wrong_in_the_file_is_one_line(tmp_path: Path, table: str, complaint: str) -> None:
    """A path, a function, a key or a value that is not there: one line that names the file."""
    for name, text in (("target.toml", f"[properties]\n{table}\n"), ("theirs.py", LUCKY), ("broken.py", "1 / 0")):
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        suite.properties(tmp_path / "target.toml")
    said = str(caught.value)
    assert fnmatch(said, f"{tmp_path}/target.toml: {complaint}") and "\n" not in said


def test_what_is_wrong_in_the_file_ends_pytest(pytester: pytest.Pytester) -> None:
    """Exit code 4, the line, no traceback."""
    said = allocation(pytester, "next_shar")
    assert said.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in said.stderr.lines if line.strip()]
    assert line.startswith("ERROR: ") and line.endswith("did you mean 'next_share'?")
    assert "Traceback" not in said.stdout.str()


def test_a_file_that_is_not_there(pytester: pytest.Pytester) -> None:
    """A wrong path is one line."""
    said = pytester.runpytest_inprocess(*PLUGIN, "--rainproof-target", "nowhere.toml")
    assert said.ret == pytest.ExitCode.USAGE_ERROR
    said.stderr.fnmatch_lines(["ERROR: *nowhere.toml: no such file"])


def test_the_target_file_is_a_test_file(pytester: pytest.Pytester) -> None:
    """Alone without other paths, beside them with; one property by its name; -k and --collect-only work."""
    pytester.makepyfile(test_own="def test_own(): pass")
    allocation(pytester, "next_share").assert_outcomes(passed=6)
    more = [*PLUGIN, "--rainproof-target=target.toml"]
    pytester.runpytest_inprocess(*more, "test_own.py", "-k", "sum or own").assert_outcomes(passed=2, deselected=5)
    pytester.runpytest_inprocess(*more, "target.toml::allocation_sum").assert_outcomes(passed=1)
    said = pytester.runpytest_inprocess(*more, "--collect-only", "-q")
    said.stdout.fnmatch_lines(
        ["target.toml::allocation_whole_fen", "target.toml::allocation_support", "6 tests collected*"]
    )


def test_without_the_option_nothing_happens(pytester: pytest.Pytester) -> None:
    """A target file in the way is no test, and of the harness nothing but the plugin is imported."""
    pytester.makefile(".toml", target='[properties]\nallocation = "nowhere:f"')
    pytester.makepyfile(
        """
        import sys
        def test_nothing_else():
            ours = {name for name in sys.modules if name.partition(".")[0] in ("harness", "invariants")}
            assert ours <= {"harness", "harness.pytest_plugin"}
        """
    )
    said = pytester.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", "--ignore-glob=nothing")
    said.assert_outcomes(passed=1)


def reference(more: str = "", options: str = '"{options}"') -> str:
    """The reference's own target file, with its details read, and a few runs of the state machine."""
    text = (REPOSITORY / "reference_impl" / "target.toml").read_text().replace('"{options}"', options)
    head, details, rest = text.partition("[operation.details]")
    read = rest.replace("ok = { status = [200] }", 'ok = { status = [200], fields = { opens = "/opens" } }', 1)
    properties = 'runs = 2\nsteps = 6\nshrink_s = 0.5\nvalues = { region = "south" }'
    return f"{head}{details}{read}\n[properties]\n{properties}\n{more}"


def test_the_operations_of_a_target_drive_the_machine(pytester: pytest.Pytester) -> None:
    """The reference is started, asked over HTTP and stopped; its allocation is tried beside it."""
    more = 'examples = 10\nallocation = "reference_impl.domain.allocation:lucky_fen"'
    tried(pytester, target=reference(more)).assert_outcomes(passed=7)


def test_a_bug_is_found_over_http(pytester: pytest.Pytester) -> None:
    """A reference with a bug planted answers what nobody may be told; the steps are told."""
    said = tried(pytester, target=reference(options='"--mutant", "key_forgotten"'))
    said.assert_outcomes(failed=1)
    said.stdout.fnmatch_lines(
        [
            "What was asked, and what was answered:",
            "send(*, key-1) → ok, subject *",
            "open(*) → ok, amount_fen *, sequence *, remaining_fen *",
            "open(*) → fail, already_opened",
            "open(*) was refused as already_opened, and gave * fen before",
        ]
    )


def test_the_page_for_users_runs(pytester: pytest.Pytester) -> None:
    """Every example of docs/properties.md, as the files that it names, passes."""
    page = (REPOSITORY / "docs" / "properties.md").read_text(encoding="utf-8")
    files = re.findall(r"^```(?:python|toml)\n# ([\w.]+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for name, text in files:
        (pytester.path / name).write_text(text)
    assert [name for name, _ in files if name.startswith("test_")] == [
        "test_divide.py", "test_histories.py", "test_machine.py",
    ]  # fmt: skip
    pytester.runpytest_inprocess(*PLUGIN, "--rainproof-target", "target.toml", ".").assert_outcomes(passed=6 + 3)
