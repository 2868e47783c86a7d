"""What `prove` says to a person: each obligation, and to what each wrong allocation falls."""

from collections.abc import Iterator

from harness.prove import Fallen, Proof, Shown


def text(proof: Proof) -> str:
    """A line an obligation, a line a mutant, and the sum."""
    return "\n".join(_lines(proof))


def _lines(proof: Proof) -> Iterator[str]:
    for shown in proof.obligations:
        mark = "✓" if shown.closed else "✗"
        yield f"{mark} {shown.allocation} {shown.name:<13} {shown.seconds:6.2f} s  {shown.statement}"
        if not shown.closed:
            yield f"    {_why(shown)}"
    for name, fallen in proof.mutants.items():
        yield f"{'✓' if fallen.fallen_to else '✗'} {name} falls to {fallen.fallen_to or 'NOTHING'}: {_why(fallen)}"
    yield f"{proof.closed} of {proof.total} obligations closed in {proof.seconds:.2f} s" + (
        f"; {len(proof.mutants) - len(proof.survivors)} of {len(proof.mutants)} mutants fall" if proof.mutants else ""
    )


def _why(one: Shown | Fallen) -> str:
    """What stands against it, with the numbers that show it."""
    found = one.counterexample
    if found is None:
        return one.reason
    draw = "" if found.draw is None else f", draw {found.draw}"
    return (
        f"{one.reason}: {found.remaining_fen} fen in {found.remaining_shares} shares of {found.least_fen} to "
        f"{found.most_fen} fen{draw}: {found.gives}"
    )
