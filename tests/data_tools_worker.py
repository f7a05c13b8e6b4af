"""Runs `python -m data_tools` so that it is killed, or its disk is full, at a chosen moment.

    python data_tools_worker.py STAGE COUNT ARGUMENTS...

STAGE says where, COUNT the how manieth time. Nothing in the kit knows of this.
"""

import os
import signal
import sys

from data_tools import __main__, collect, manifest, pages, pictures, wikiart_command

CALLS = {"left": int(sys.argv[2])}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def last() -> bool:
    CALLS["left"] -= 1
    return CALLS["left"] == 0


def before(module, name):
    original = getattr(module, name)

    def killed(*arguments, **more):
        if last():
            die()
        return original(*arguments, **more)

    setattr(module, name, killed)


def after(module, name):
    original = getattr(module, name)

    def killed(*arguments, **more):
        result = original(*arguments, **more)
        if last():
            die()
        return result

    setattr(module, name, killed)


def torn(row_status):
    """Half of the line of a row with this status reaches the disk."""
    original = manifest.Manifest.add

    def add(self, row):
        if row["status"] == row_status and last():
            self._file.write(b'{"key": "wikiart/half')
            die()
        original(self, row)

    manifest.Manifest.add = add


def full_disk(size):
    """No file may become larger than this many bytes, as if the disk were full."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


STAGES = {
    "listing": lambda: after(pages, "feed_page"),
    "listed": lambda: before(wikiart_command, "save_listing"),
    "page": lambda: after(pages, "details"),
    "picture": lambda: after(pictures, "look"),
    "pending": lambda: before(pictures, "store"),
    "half a file": lambda: before(os, "replace"),
    "stored": lambda: after(pictures, "store"),
    "half a line": lambda: torn("ok"),
    "recorded": lambda: after(collect.Collector, "take"),
    "full disk": lambda: full_disk(CALLS["left"]),
}

if __name__ == "__main__":
    STAGES[sys.argv[1]]()
    sys.exit(__main__.main(sys.argv[3:]))
