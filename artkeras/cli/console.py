"""A command at a console: what it prints can always be shown, and a request to end it is heard. Keras is not loaded."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType


def show_everything() -> None:
    """Let standard output write letters that its encoding lacks as `\\uXXXX`, as standard error does anyway.

    A file or a pipe on Windows takes Latin letters only; a name in Japanese would end the command otherwise.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Inside, SIGTERM ends the work as Ctrl-C does: by KeyboardInterrupt, so that half-written files are removed.

    `kill`, a batch system at its time limit, `timeout` and a container that is stopped send it. Without this, the
    process ends on the spot. Outside the main thread Python allows no handlers, and nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)


def say(line: str) -> None:
    """Print a line at once; where nobody reads any more (`| head`), the work goes on in silence."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")
