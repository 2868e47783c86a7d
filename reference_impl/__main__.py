"""`python -m reference_impl serve --sql … --cache … --data … --port …`: every setting is an option of the same name."""

import sys

import msgspec

from reference_impl.settings import Settings


def settings_from(options: list[str]) -> Settings:
    """Options `--name value` as Settings; raises msgspec.ValidationError."""
    if len(options) % 2:
        raise msgspec.ValidationError(f"option {options[-1]!r} has no value")
    names = (name.removeprefix("--").replace("-", "_") for name in options[::2])
    return msgspec.convert(dict(zip(names, options[1::2], strict=True)), Settings, strict=False)


def main(arguments: list[str]) -> int:
    from reference_impl import roles

    match arguments:
        case ["serve", *options]:
            try:
                settings = settings_from(options)
            except msgspec.ValidationError as error:
                print(f"reference_impl serve: {error}", file=sys.stderr)
                return 2
            return roles.serve(settings)
        case ["role", name, parent]:
            roles.run_role(name, int(parent))
            return 0
    print("usage: python -m reference_impl serve --sql URL --cache URL --data FOLDER --port N", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
