"""Every way a request can be refused, as data: code, HTTP status, whether it surely did not happen, and what it means.

The API answers with these, `docs/errors.md` is generated from them, and a target file maps them to canonical reasons.
"""

from typing import Final, NamedTuple


class ErrorKind(NamedTuple):
    status: int
    definite: bool
    meaning: str


ERRORS: Final[dict[str, ErrorKind]] = {
    "bad_json": ErrorKind(400, True, "the body is not JSON"),
    "bad_request": ErrorKind(400, True, "a field is missing, unknown or of the wrong type"),
    "key_missing": ErrorKind(400, True, "a POST needs an Idempotency-Key of 1 to 64 printable ASCII characters"),
    "tag_mismatch": ErrorKind(400, True, "the tag in the header and the tag in the packet id differ"),
    "bad_order": ErrorKind(400, True, "an order number is act_scene_rain_type_stage, and a part of it does not fit"),
    "bad_control": ErrorKind(400, True, "no switch or dial has this name, or it cannot have this value"),
    "insufficient_funds": ErrorKind(402, True, "the sender's balance is below the packet's total"),
    "forbidden": ErrorKind(403, True, "this is for operators, who say the token that they were given"),
    "not_sender": ErrorKind(403, True, "only the sender pays a packet"),
    "not_in_stage": ErrorKind(403, True, "the person does not take part in this occurrence, or does in another stage"),
    "not_found": ErrorKind(404, True, "no such route"),
    "unknown_reconciliation": ErrorKind(404, True, "no reconciliation has this name"),
    "unknown_scene": ErrorKind(404, True, "the activity has no such scene"),
    "unknown_game": ErrorKind(404, True, "there is no such game, or it has no such occurrence"),
    "no_share": ErrorKind(404, True, "nothing was decided for this person, at least not yet"),
    "no_friend": ErrorKind(409, True, "a friend is somebody else, of the same side"),
    "nobody_collected": ErrorKind(409, True, "nobody has collected every card of this pool"),
    "unknown_packet": ErrorKind(404, True, "no packet has this id"),
    "unknown_code": ErrorKind(404, True, "no packet has this code now"),
    "no_preorder": ErrorKind(404, False, "neither preordered nor paid as far as is known; a payment may be under way"),
    "method_not_allowed": ErrorKind(405, True, "the route has other methods"),
    "key_bound": ErrorKind(409, True, "the idempotency key already belongs to another request"),
    "not_paid": ErrorKind(409, True, "the packet is preordered and not paid"),
    "already_opened": ErrorKind(409, True, "this person has opened this packet under another key"),
    "sold_out": ErrorKind(409, True, "no share is left"),
    "expired": ErrorKind(409, True, "the packet's time is over"),
    "void": ErrorKind(409, True, "the payment was returned; nothing can happen to this packet any more"),
    "other_amount": ErrorKind(409, True, "this order number has an award of another amount"),
    "token_forged": ErrorKind(403, True, "this is no token of ours, or it was altered"),
    "token_foreign": ErrorKind(403, True, "the token is somebody else's"),
    "token_expired": ErrorKind(403, True, "the token's time is over"),
    "token_retired": ErrorKind(403, True, "the token's key is retired; what the server held under it is credited"),
    "budget_spent": ErrorKind(409, True, "the scene's budget is spent"),
    "bank_refused": ErrorKind(409, True, "the bank does not pay this out; the money is back"),
    "bad_activity": ErrorKind(409, True, "this activity cannot follow the one that stands"),
    "out_of_stock": ErrorKind(409, True, "no coupon of this kind is left"),
    "unknown_coupon": ErrorKind(404, True, "no coupon has this number"),
    "not_holder": ErrorKind(403, True, "the coupon is somebody else's"),
    "already_used": ErrorKind(409, True, "the coupon was used before, under another key"),
    "in_progress": ErrorKind(
        503, False, "the count of the stock did not answer; ask again under the same order number"
    ),
    "over_cap": ErrorKind(409, True, "the award is above the scene's cap"),
    "body_too_large": ErrorKind(413, True, "the body is larger than 16 KiB"),
    "bad_amount": ErrorKind(422, True, "the amount is not a positive number of fen that the shares can divide"),
    "bad_shares": ErrorKind(422, True, "the number of shares is outside its limits"),
    "share_too_large": ErrorKind(422, True, "a share would exceed 200 yuan"),
    "wrong_region": ErrorKind(421, True, "this process does not serve the region that the packet's id names"),
    "limited": ErrorKind(429, True, "too many at once; try again after Retry-After"),
    "internal": ErrorKind(500, False, "a fault of ours; the operation may have happened"),
    "unavailable": ErrorKind(503, False, "a store did not answer; the operation may have happened"),
}


class Refused(Exception):
    """An answer other than success; `code` is a key of ERRORS."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.kind = ERRORS[code]
        self.message = f"{self.kind.meaning}: {detail}" if detail else self.kind.meaning
        super().__init__(self.message)
