"""A lock on a folder that holds for one process, and ends with it however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from artkeras.errors import UserError

_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what systems say of a lock that is taken

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _is_at(file: IO[bytes], path: Path) -> bool:
        return True  # Windows removes no file that is open

    def _release(file: IO[bytes], path: Path) -> None:
        file.close()
        with contextlib.suppress(OSError):  # another process has opened it
            path.unlink(missing_ok=True)
else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _is_at(file: IO[bytes], path: Path) -> bool:
        """Whether `path` is still the file that was opened: who held the lock before has removed it at the end."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
        except FileNotFoundError:
            return False

    def _release(file: IO[bytes], path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)  # while it is held: later it could be the next one's
        file.close()


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str], refusal: str) -> Iterator[None]:
    """Hold the lock of a folder, the file `.lock` in it, which is removed at the end.

    The operating system keeps the lock for this process and takes it back when the process ends, by a kill or a power
    cut too. So a file that was left behind blocks nobody. Where the file system has no locks (some network drives), or
    the folder cannot be written, there is no protection.

    Args:
        folder: an existing one.
        refusal: the message when another process, or another place in this one, holds it.

    Raises:
        UserError: with `refusal`.
    """
    path = Path(folder) / ".lock"
    file = _taken(path, refusal)
    try:
        yield
    finally:
        if file is not None:
            _release(file, path)


def _taken(path: Path, refusal: str) -> IO[bytes] | None:
    """The lock's file, open and locked; None where there can be no lock."""
    while True:
        try:
            file = open(path, "ab")
        except OSError:
            return None
        try:
            _take(file)
        except OSError as error:
            file.close()
            if error.errno in _HELD:
                raise UserError(refusal) from None
            return None
        if _is_at(file, path):
            return file
        file.close()
