"""`python -m reference_impl serve --sql … --cache … --data … --port …`: every setting is an option of the same name.

With `--topology FILE --servers FILE` the file says which processes there are, and the JSON file where the servers are.
"""

import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from reference_impl.settings import Settings
from reference_impl.topology import Topology, TopologyError, parse


def settings_from(options: dict[str, Any]) -> Settings:
    """Options as Settings; raises msgspec.ValidationError."""
    return msgspec.convert(options, Settings, strict=False)


def options_from(words: list[str]) -> dict[str, str]:
    """`--name value …` by name; raises msgspec.ValidationError."""
    if len(words) % 2:
        raise msgspec.ValidationError(f"option {words[-1]!r} has no value")
    names = (name.removeprefix("--").replace("-", "_") for name in words[::2])
    return dict(zip(names, words[1::2], strict=True))


def topology_from(file: str, servers: str) -> tuple[Topology, dict[str, str]]:
    """A topology, and its servers' addresses; raises OSError, ValueError, TopologyError."""
    return parse(tomllib.loads(Path(file).read_text())), msgspec.json.decode(Path(servers).read_bytes())


def serving(words: list[str]) -> Callable[[], int]:
    """What serves, once everything fits. Raises msgspec's errors, OSError, ValueError, TopologyError."""
    from reference_impl import roles

    options = options_from(words)
    if "topology" not in options:
        return partial(roles.serve, settings_from(options))
    topology, servers = topology_from(options.pop("topology"), options.pop("servers", ""))
    settings = settings_from({**topology.settings, **options})
    return partial(roles.serve_deployment, roles.plan_deployment(topology, servers, settings))


def main(arguments: list[str]) -> int:
    from reference_impl import roles

    match arguments:
        case ["serve", *words]:
            try:
                serve = serving(words)
            except (msgspec.MsgspecError, OSError, ValueError, TopologyError) as error:
                print(f"reference_impl serve: {' '.join(str(error).split())}", file=sys.stderr)
                return 2
            return serve()
        case ["role", name, parent]:
            roles.run_role(name, int(parent))
            return 0
    print("usage: python -m reference_impl serve --sql URL --cache URL --data FOLDER --port N", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
