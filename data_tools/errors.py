"""How collecting ends early, and with which exit status. Each message is one line for the person at the keyboard."""

from artkeras.errors import UserError

COMPLETE, USAGE, INCOMPLETE, REFUSED, CHANGED = 0, 2, 3, 4, 5


class Incomplete(UserError):
    """Something is still to be fetched, and the same command goes on: no network, a failing site, a full disk."""

    status = INCOMPLETE


class Refused(UserError):
    """The site does not want to be asked: robots.txt, 403, a challenge, a login, a 429 that stays."""

    status = REFUSED


class Changed(UserError):
    """The site answers in another form than the one this program knows."""

    status = CHANGED


class Missing(Exception):
    """404 or 410: there is no such page. Never shown as such."""
