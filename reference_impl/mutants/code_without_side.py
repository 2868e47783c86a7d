from reference_impl.mutants import Mutant
from reference_impl.packets import codes


def _same_for_both(code: str, tagged: bool) -> str:
    return f"code:{code}"


def _plant() -> None:
    codes.code_key = _same_for_both


MUTANT = Mutant(
    name="code_without_side",
    caught_by="shadow_isolation",
    summary="codes of pressure traffic stand among the live ones: people who type one find a packet that is none",
    seen_in="short-lived keys made by hand beside the function that knows the shadow prefix",
    plant=_plant,
    world="face_to_face",
    row="W23",
)
