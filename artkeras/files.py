"""Where the kit keeps its files, and how it writes them so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from artkeras.errors import UserError

ABANDONED = 24 * 3600  # seconds without a write, after which a temporary file is what a killed process left
_PART = re.compile(r"\..+\.[0-9a-f]{16}\.part", re.DOTALL)
_swept: set[Path] = set()


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path whose leading `~` or `~user` is made that home folder; where there is no such user, the path as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # a file's name may begin so
        return Path(path)


def home() -> Path:
    """The folder for caches: `$ARTKERAS_HOME`, else the user's cache folder. It may not exist yet."""
    chosen = os.environ.get("ARTKERAS_HOME")
    return expanded(chosen) if chosen else platformdirs.user_cache_path("artkeras")


def check_place(out: Path, option: str) -> None:
    """Say that a file cannot be written before the work is done, not after.

    Raises:
        UserError: `option` is what to give another file to.
    """
    if out.is_dir():
        raise UserError(f"{out} is a folder: give {option} a file")
    place = next(parent for parent in out.absolute().parents if parent.exists())
    if not place.is_dir():
        raise UserError(f"{out} cannot be written: {place} is a file")
    if not os.access(place, os.W_OK):
        raise UserError(f"{out} cannot be written: no permission in {place}")


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path` which takes its place only once it is complete.

        with atomic("runs/log.json") as part:
            part.write_text(text)

    The temporary file is empty, lies in the same folder (made if need be), begins with "." and ends
    in ".part". On success it is flushed to disk and moved over `path` in one step. On any failure,
    Ctrl-C included, it is removed and whatever was at `path` stays as it was. What a killed process
    left in the folder is removed by the next one that writes there, once it is a day old.

    Note that some writers append their own suffix to a *name* that lacks it (`np.save`, `np.savez`)
    or choose a format by it (Pillow, Keras): hand those an open file, or name the format.

    Raises:
        OSError: the folder cannot be made or written, or the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    # A long name is cut, for the random end must not push it beyond what a file system allows.
    part = path.parent / f".{path.name[:40]}.{secrets.token_hex(8)}.part"
    try:
        part.touch(exist_ok=False)
        yield part
        _flush(part)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):  # the first error is the one worth showing
            part.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _sweep(folder: Path) -> None:
    """Remove temporary files that nobody has written to for a day: their process was killed. Once for each folder."""
    if folder.absolute() in _swept:
        return
    _swept.add(folder.absolute())
    with contextlib.suppress(OSError):  # a folder that cannot be listed, a file that somebody else has removed
        for entry in os.scandir(folder):
            if _PART.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > ABANDONED:
                os.unlink(entry.path)


def _flush(path: Path) -> None:
    """Wait until the content of `path` is on the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Wait until the renaming is on the disk too, where the system can do that (Windows cannot)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
