"""TOML into structs: whatever does not fit is one line that says where, and what was meant."""

from pathlib import Path

import pytest
from msgspec import Struct

from harness.config import ConfigError, load_toml, nearest


class Door(Struct, frozen=True, forbid_unknown_fields=True):
    width: int
    colour: str = "red"


class House(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    door: dict[str, Door] = {}
    windows: list[Door] = []
    gate: Door | list[Door] | None = None


def errors_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "house.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_toml(path, House)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


def test_fitting_file_becomes_the_struct(tmp_path: Path) -> None:
    """Tables, tables of tables and arrays of tables arrive as structs, defaults filled in."""
    path = tmp_path / "house.toml"
    path.write_text('name = "a"\n[door.front]\nwidth = 3\n[[gate]]\nwidth = 1\n')
    assert load_toml(path, House) == House("a", {"front": Door(3)}, gate=[Door(1)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nam = 1", "unknown key 'nam': did you mean 'name'?"),
        ('name = "a"\n[door.front]\nwith = 3', "unknown key 'door.front.with': did you mean 'width'?"),
        ('name = "a"\n[[gate]]\nwidth = 1\ncolor = "x"', "unknown key 'gate[0].color': did you mean 'colour'?"),
        ('name = "a"\n[gate]\nzzz = 1', "unknown key 'gate.zzz': known: colour, width"),
        ('name = "a"\n[door.front]', "key 'door.front.width' is missing"),
        ("[door]", "key 'name' is missing"),
        ('name = "a"\n[door.front]\nwidth = "3"', "'door.front.width': expected 'int', got 'str'"),
        ('name = "a"\nwindows = [{width = 1}, {width = true}]', "'windows[1].width': expected 'int', got 'bool'"),
        ("name = 7", "'name': expected 'str', got 'int'"),
        ('name = "a"\ndoor = 3', "'door': expected 'object', got 'int'"),
        ('name = "a"\ngate = 3', "'gate': expected 'object | array | null', got 'int'"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """Unknown keys, missing keys and wrong types are named by their whole dotted place, dictionaries' keys included."""
    assert errors_of(tmp_path, text) == said


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    """Text that is no TOML is an error with its line."""
    assert "line 2" in errors_of(tmp_path, 'name = "a"\ndoor = = 3')


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and a file that is no text are each one line."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name, said in (("none.toml", "no such file"), (".", "Is a directory"), ("bytes.toml", "not UTF-8")):
        with pytest.raises(ConfigError, match=said):
            load_toml(tmp_path / name, House)


def test_nearest_without_a_near_one_lists_all() -> None:
    """What is like nothing known is answered with everything known."""
    assert nearest("open", ["opens", "packets"]) == "did you mean 'opens'?"
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
    assert nearest("zzz", []) == "none is known here"
