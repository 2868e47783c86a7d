"""The eve as a day: groups send and grab by the hours of the festival, few in the afternoon and most at midnight.

    rainproof run midnight --people 5000 --packets 300 --seed 7
    locust -f scenarios/midnight.py --headless              # against a running target

It is the night of `group_grab.py`, people, habits and all; what differs is when packets are sent, and so when people
come: 24 hours from noon, of which midnight is the middle, pressed into the duration.
"""

from harness.swarm.schedules import FESTIVAL_EVE
from scenarios import group_grab


class Midnight(group_grab.GroupGrab):
    """One worker's groups, for a day of which midnight is the middle."""

    curve = FESTIVAL_EVE


class Onlooker(group_grab.Onlooker):
    """People who only look."""
