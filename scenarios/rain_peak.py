"""Red-packet rain: showers of awards, several times as many a second as are credited, in eight apps.

    rainproof run rain_peak --people 2000 --rounds 3 --seed 5
    locust -f scenarios/rain_peak.py --headless             # against a running target

`rain.py` plans it; here is what people do when it rains on them. Each keeps the tokens that they were given in a purse,
and shows them whenever they look at their wallet or take money out. Who has lost their phone looks `anew`: without the
tokens that were on it. Who has two accounts brings one phone number to both, and is one person from then on. What
thieves try is marked in the history, and must have no effect.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from harness.history import now_ns
from harness.swarm.arrivals import Arrival
from harness.swarm.person import ATTEMPTS, Person
from harness.swarm.users import ArrivalsUser
from harness.target import Answer
from reference_impl.domain.acts import APP_IDS, act_id
from reference_impl.domain.orders import OrderNumber, order_number
from reference_impl.domain.stages import LIVE
from scenarios.rain import CAP_FEN, ROUNDS, SECOND_FROM, Catch, Reading, phone_of, plan_rain
from scenarios.thief import Thief

TARGET: Final = Path(__file__).parent.parent / "reference_impl" / "wallet" / "target.toml"
AWARD_TYPES: Final = {"rain": "cash", "video": "video", "fireworks": "cash"}
"""Of the scenes that are played."""
COUPON: Final = "tea"
"""The scene of coupons, and their type."""
_OTHER_APP: Final = "toutiao"
_NEVER_FELL: Final = 900_000
"""From here on number showers that were none."""
_REPLAYS: Final = 2
_LOOKS_AGAIN_S: Final = 1.0


class Loot(NamedTuple):
    """A token that was not kept well, and whose it is."""

    act: int
    order: str
    token: str


class Purse:
    """What a person's client keeps: tokens by order number, and what they were told of (fen)."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.told: dict[str, int] = {}
        self.taken_fen = 0
        self.view = "wallet"

    def keep(self, answer: Answer) -> None:
        """What a game's answer brought."""
        if answer.outcome == "ok" and answer.subject and answer.amount_fen:
            self.told[answer.subject] = answer.amount_fen
            if token := answer.fields.get("token"):
                self.tokens[answer.subject] = token

    def add(self, other: "Purse") -> None:
        """What the client of another account kept."""
        self.told |= other.told
        self.tokens |= other.tokens

    def lose(self) -> None:
        """The phone is gone, and the tokens with it."""
        self.tokens.clear()
        self.view = "wallet_anew"

    @property
    def left_fen(self) -> int:
        return sum(self.told.values()) - self.taken_fen


class Moment(NamedTuple):
    """A person in a shower: who they are, what they have, what they do, and what they can get at; and the same shower
    in another app, where they have a second account."""

    person: Person
    purse: Purse
    catch: Catch
    order: OrderNumber
    thief: Thief
    loot: "deque[Loot]"
    second: "Callable[[], Moment]"


# --- steps


def award(moment: Moment, person: Person, *, amount_fen: int = 0, patience_s: float | None = None) -> Answer:
    """The game gives an award, or the one that stands; the client keeps the token."""
    catch = moment.catch
    answer = person.insist(
        "award",
        subject=str(moment.order),
        amount_fen=amount_fen or catch.amount_fen,
        first_timeout_s=patience_s,
        values={"scene": moment.order.scene, "rain": moment.order.rain, "app": APP_IDS[catch.app]},
    )
    moment.purse.keep(answer)
    return answer


def look(purse: Purse, person: Person) -> Answer:
    """Looks at the wallet, and shows the tokens that the client has at that moment."""
    return person.ask(purse.view, values={"tokens": list(purse.tokens.values())})


def take_out(moment: Moment, amount_fen: int, key: str, person: Person) -> Answer:
    values = {"app": moment.catch.app, "tokens": list(moment.purse.tokens.values())}
    return person.insist("withdraw", amount_fen=amount_fen, key=key, values=values)


def bring(phone: str, purse: Purse, person: Person) -> Answer:
    return person.insist("bind", values={"phone": phone, "tokens": list(purse.tokens.values())})


def use(order: str, app: str, person: Person) -> Answer:
    return person.insist("use", subject=order, values={"coupon": order, "app": app})


def show(moment: Moment, mark: str, order: str, *tokens: str) -> None:
    """Shows tokens that must not be believed: at the wallet, and where what is promised is credited at once."""
    for operation in ("wallet", "credit"):
        moment.person.ask(operation, subject=order, values={"tokens": list(tokens)}, mark=mark)


def _never_fell(moment: Moment) -> OrderNumber:
    """The number of an award that no game gives: of a shower that was none."""
    return moment.order._replace(scene="rain", rain=str(_NEVER_FELL + moment.catch.round), award_type="cash")


# --- what people do: one small script a behaviour


def award_and_look(moment: Moment) -> None:
    award(moment, moment.person)
    moment.person.think(moment.catch.think_s)
    look(moment.purse, moment.person)


def refresh(moment: Moment) -> None:
    """Looks while the award is given, and then again and again, also at what everybody got together."""
    moment.person.together(partial(look, moment.purse), partial(award, moment))
    for _ in range(3):
        look(moment.purse, moment.person)
        moment.person.ask("total")
        moment.person.think(moment.catch.think_s)
    look(moment.purse, moment.person)


def impatient(moment: Moment) -> None:
    award(moment, moment.person, patience_s=moment.catch.patience_s)
    look(moment.purse, moment.person)


def double_tap(moment: Moment) -> None:
    tap = partial(award, moment)
    moment.person.together(tap, tap)
    look(moment.purse, moment.person)


def coupon(moment: Moment) -> None:
    """A coupon beside the award; of two apps that want to use it at once one can."""
    award(moment, moment.person)
    order = order_number(moment.person.uid, COUPON, moment.order.rain, COUPON, "live")
    values = {"scene": COUPON, "rain": order.rain}
    drawn = moment.person.insist("coupon", subject=str(order), values=values)
    if drawn.outcome == "ok" and drawn.subject:
        moment.person.together(*(partial(use, drawn.subject, app) for app in (moment.catch.app, _OTHER_APP)))
    look(moment.purse, moment.person)


def again(moment: Moment) -> None:
    """The same award is the same answer; another amount under the number of an order row is none.

    Not under that of a token: while the token store is away nobody could compare the two.
    """
    for _ in range(2):
        given = award(moment, moment.person)
        moment.person.think(moment.catch.think_s)
    if given.outcome == "ok" and not given.fields.get("token"):
        award(moment, moment.person, amount_fen=max(1, moment.catch.amount_fen - 1))
    look(moment.purse, moment.person)


def greedy(moment: Moment) -> None:
    """More than the cap, for a shower that was none; then what there is."""
    award(moment._replace(order=_never_fell(moment)), moment.person, amount_fen=CAP_FEN + 1)
    award_and_look(moment)


def withdraw(moment: Moment) -> None:
    """Takes half of what there is with two taps, and looks what is left."""
    award(moment, moment.person)
    amount_fen = moment.purse.left_fen // 2
    if amount_fen:
        moment.purse.taken_fen += amount_fen
        tap = partial(take_out, moment, amount_fen, moment.person.new_key())
        moment.person.together(tap, tap)
    look(moment.purse, moment.person)


def bind(moment: Moment) -> None:
    """Is given the award in both accounts, once more while the second of them brings the phone number that the first
    has brought, and looks under either."""
    second, phone = moment.second(), phone_of(moment.person.uid)
    for account in (moment, second):
        award(account, account.person)
    first, last = (moment, second) if moment.catch.round % 2 else (second, moment)
    bring(phone, first.purse, first.person)
    _, bound = last.person.together(partial(award, last), partial(bring, phone, last.purse))
    if bound.outcome == "ok":
        moment.purse.add(second.purse)
        look(moment.purse, second.person)
    look(moment.purse, moment.person)


def lose_phone(moment: Moment) -> None:
    award_and_look(moment)
    moment.purse.lose()
    look(moment.purse, moment.person)


def forge(moment: Moment) -> None:
    award(moment, moment.person)
    order = _never_fell(moment)
    forged = moment.thief.forged(order, moment.catch.app, now_ns() // 1000)
    show(moment, "forged", str(order), forged)
    look(moment.purse, moment.person)


def alter(moment: Moment) -> None:
    token = award(moment, moment.person).fields.get("token")
    if token:
        show(moment, "altered", str(moment.order), moment.thief.altered(token))
    look(moment.purse, moment.person)


def steal(moment: Moment) -> None:
    for booty in [one for one in moment.loot if one.act != moment.person.uid][-1:]:
        show(moment, "foreign", booty.order, booty.token)
    award_and_look(moment)


def replay(moment: Moment) -> None:
    token: str | None = award(moment, moment.person).fields.get("token")
    for _ in range(_REPLAYS):
        if token:
            show(moment, "replayed", str(moment.order), token, token)
            moment.person.think(moment.catch.think_s)
    look(moment.purse, moment.person)


SCRIPTS: Final[dict[str, Callable[[Moment], None]]] = {
    "look": award_and_look,
    "refresh": refresh,
    "impatient": impatient,
    "double_tap": double_tap,
    "coupon": coupon,
    "again": again,
    "greedy": greedy,
    "withdraw": withdraw,
    "bind": bind,
    "lose_phone": lose_phone,
    "forge": forge,
    "alter": alter,
    "steal": steal,
    "replay": replay,
}


# --- the rain, for Locust


class RainPeak(ArrivalsUser):
    """One worker's people: whoever is in a shower is there in the next one too."""

    default_target = TARGET

    def plan(self) -> None:
        settings = self.worker.settings
        rounds = settings.rounds or ROUNDS
        self.rain = plan_rain(settings.seed, settings.people, rounds, settings.duration_s, settings.tagged)
        random = Random(f"{settings.seed}/thief/{self.worker.part}")
        self.thief = Thief(Path(settings.variables.get("data", "")), random)
        self.purses: dict[int, Purse] = {}
        self.loot: deque[Loot] = deque(maxlen=64)

    def arrivals(self) -> list[Arrival]:
        catching = [Arrival(catch.at_ns, partial(self.come, catch)) for catch in self.rain.catches if self.mine(catch)]
        reading = [Arrival(last.at_ns, partial(self.read, last)) for last in self.rain.readings if self.mine(last)]
        return sorted([*catching, *reading], key=lambda arrival: arrival.offset_ns)

    def mine(self, what: Catch | Reading) -> bool:
        return what.person % self.worker.parts == self.worker.part

    def somebody(self, number: int, tagged: bool, due_ns: int | None) -> tuple[Person, Purse]:
        """A person, by their act_id, and their purse."""
        person = self.worker.person(number, tagged, due_ns)
        person.uid, person.stage = act_id(person.uid, tagged), LIVE
        return person, self.purses.setdefault(person.uid, Purse())

    def moment(self, catch: Catch, number: int, due_ns: int | None) -> Moment:
        """A shower as the `number`-th account sees it."""
        person, purse = self.somebody(number, catch.tagged, due_ns)
        order = order_number(person.uid, catch.scene, str(catch.round), AWARD_TYPES[catch.scene], "live")
        second = partial(self.moment, catch, number + SECOND_FROM, None)
        return Moment(person, purse, catch, order, self.thief, self.loot, second)

    def come(self, catch: Catch, due_ns: int) -> None:
        moment = self.moment(catch, catch.person, due_ns)
        SCRIPTS[catch.behaviour](moment)
        if token := moment.purse.tokens.get(str(moment.order)):
            self.loot.append(Loot(moment.person.uid, str(moment.order), token))

    def read(self, last: Reading, due_ns: int) -> None:
        """Everybody looks at last; what only the client kept the server has again then."""
        person, purse = self.somebody(last.person, last.tagged, due_ns)
        for _ in range(ATTEMPTS):
            if look(purse, person).outcome == "ok":
                return
            person.think(_LOOKS_AGAIN_S)
