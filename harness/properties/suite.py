"""From a target file to the properties that it lets be tried."""

from pathlib import Path

from harness import config
from harness.config import ConfigError
from harness.properties.allocation import allocation_properties
from harness.properties.awards import order_number_properties, token_properties
from harness.properties.functions import Function, beside, load
from harness.properties.http_system import NEEDED
from harness.properties.machine import made_system, target_itself
from harness.properties.trial import Property
from harness.target.files import PropertiesFile, PropertiesTable, TargetFile, WriteRead


def properties(path: Path) -> list[Property]:
    """All of the target file at `path`. ConfigError: it does not fit, or a function that it names is not there."""
    tree = config.read_toml(path)
    if "target" in tree:
        file = config.convert(tree, TargetFile, source=str(path))
        return _of_functions(path, file.properties) + _of_target(path, file)
    found = _of_functions(path, config.convert(tree, PropertiesFile, source=str(path)).properties)
    if not found:
        raise ConfigError(f"{path}: [properties] names nothing to try: allocation, machine, order_number or token")
    return found


def _of_functions(path: Path, table: PropertiesTable) -> list[Property]:
    place, found = f"{path}: [properties]", list[Property]()
    with beside(path):
        if table.allocation is not None:
            found += allocation_properties(load(table.allocation, f"{place} allocation"), table)
        if table.order_number is not None:
            found += order_number_properties(*_pair(table.order_number, f"{place} order_number"), table.examples)
        if table.token is not None:
            found += token_properties(*_pair(table.token, f"{place} token"), table.examples)
        if table.machine is not None:
            found.append(made_system(load(table.machine, f"{place} machine"), table))
    return found


def _of_target(path: Path, file: TargetFile) -> list[Property]:
    if file.properties.machine is not None:
        return []
    return [target_itself(path, file.properties, [name for name in NEEDED if name not in file.operation])]


def _pair(table: WriteRead, place: str) -> tuple[Function, Function]:
    return load(table.write, f"{place}.write"), load(table.read, f"{place}.read")
