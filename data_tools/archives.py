"""Facades and monet2photo from the archives of the CycleGAN authors: fetched once, checked, read member by member.

Nothing is unpacked as it is: only plain files whose names are expected are read, each into memory and with a limit, and
only what decodes as a picture is stored, under a name made here.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from artkeras.errors import UserError
from artkeras.files import home
from data_tools import folder, options, pictures
from data_tools.errors import Changed, Incomplete, Missing
from data_tools.polite import Failed, Politeness, Session
from data_tools.works import Report, Work

MEMBER_LIMIT = 32 << 20  # bytes that one picture of an archive may have
JUDGED = 20  # pairs that are looked at to tell photographs from label maps


@dataclass(frozen=True)
class Archive:
    """A zip file: where it is, its size in bytes, its SHA-256, the artist of each part, and the rights it states."""

    urls: tuple[str, ...]
    size: int
    sha256: str
    title: str
    artists: dict[str, str]
    rights: str


# Sizes and hashes as TensorFlow Datasets records them for these files.
ARCHIVES: dict[str, Archive] = {
    "monet2photo": Archive(
        (
            "http://efrosgans.eecs.berkeley.edu/cyclegan/datasets/monet2photo.zip",
            "https://people.eecs.berkeley.edu/~taesung_park/CycleGAN/datasets/monet2photo.zip",
        ),
        305231073,
        "88f91b00fc228f97c9411fbf1880ec1d119c98f1722e4cfcfaa2fb35fac05b04",
        "1,072 paintings of Monet and 6,287 landscape photographs",
        {"A": "Claude Monet"},
        "paintings: public domain by age (Monet died in 1926); photographs: of their authors on Flickr",
    ),
    "facades": Archive(
        (
            "http://efrosgans.eecs.berkeley.edu/cyclegan/datasets/facades.zip",
            "https://people.eecs.berkeley.edu/~taesung_park/CycleGAN/datasets/facades.zip",
        ),
        35135868,
        "9a31ebf3a31b9b5cd195dd5bf62e9308e00cb94604d1019e3889ac84248695c0",
        "400 facades with label maps (CMP Facades)",
        {},
        "CMP Facade Database, Tylecek and Sara: for research",
    ),
}


def fetch(name: str, session: Session, urls: tuple[str, ...] = ()) -> Path:
    """Make sure that an archive is in the cache, intact; what is there of it already is not fetched again.

    Raises:
        Incomplete: no address gave it. Changed: what came is another file. Refused: the site refuses.
        UserError: there is too little room for it. OSError: the disk is full.
    """
    archive = ARCHIVES[name]
    path = home() / "archives" / f"{name}.zip"
    if pictures.file_sha256(path) == archive.sha256:
        return path
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".zip.part")
    room = shutil.disk_usage(path.parent).free
    needed = archive.size - (part.stat().st_size if part.is_file() else 0)
    if room < needed:
        raise UserError(
            f"{name}.zip needs {needed / 1e6:.0f} MB and {path.parent} has {room / 1e6:.0f}: "
            "make room, or set ARTKERAS_HOME to another folder"
        )
    tried = []
    for url in urls or archive.urls:
        try:
            session.save(url, part, archive.size)
        except Missing:
            tried.append(f"{urlsplit(url).netloc} does not have it")
            continue
        except (Failed, Incomplete) as error:
            tried.append(str(error).partition("; what was fetched")[0].partition(": check the network")[0])
            continue
        found = pictures.file_sha256(part)
        if found == archive.sha256:
            part.replace(path)
            return path
        part.unlink()
        raise Changed(f"{url} has the SHA-256 {found[:12]}..., not {archive.sha256[:12]}...: it is another file now")
    raise Incomplete(
        f"cannot fetch {name}.zip ({'; '.join(tried)}): run the same command again, which goes on where it stopped, "
        f"or get it by other means and say --archive FILE"
    )


def take(name: str, path: Path, out: Path, part: str = "train") -> dict[Path, Report]:
    """Take the pictures of an archive over: monet2photo into `out/monet` and `out/photo`, facades into `out`.

    Facades become pairs of one picture each, the photograph at the left, the label map at the right.

    Args:
        name: a key of `ARCHIVES`.
        path: of the zip file.
        out: the folder.
        part: "train" or "test".

    Raises:
        Changed: the archive does not hold what it should. UserError: it is none.
    """
    try:
        with zipfile.ZipFile(path) as file:
            sides = {side: _members(file, name, f"{part}{side}") for side in "AB"}
            for side, found in sides.items():
                if not found:
                    raise Changed(f"{path.name} has no pictures in {name}/{part}{side}/")
            if name == "facades":
                return {out: folder.take(_pairs(file, name, part, sides), out, backend="archive")}
            return {
                out / place: folder.take(_singles(file, name, side, sides[side]), out / place, backend="archive")
                for side, place in (("A", "monet"), ("B", "photo"))
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{path} is not a whole zip file ({error}): fetch it again") from error


def _members(file: zipfile.ZipFile, name: str, place: str) -> dict[str, zipfile.ZipInfo]:
    """stem -> member, of one folder of an archive; anything else in it is passed over."""
    found = {}
    for member in file.infolist():
        match = re.fullmatch(rf"{name}/{place}/([\w. -]{{1,100}})\.(jpg|jpeg|png)", member.filename, re.IGNORECASE)
        if match and not member.is_dir():
            found[match[1]] = member
    return dict(sorted(found.items()))


def _bytes(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's content; what the archive says of its size may be a lie."""
    with file.open(member) as content:
        read = content.read(MEMBER_LIMIT + 1)
    if len(read) > MEMBER_LIMIT:
        raise pictures.NotAPicture(f"larger than {MEMBER_LIMIT >> 20} MB")
    return read


def _singles(
    file: zipfile.ZipFile, name: str, side: str, members: dict[str, zipfile.ZipInfo]
) -> Iterator[folder.Local]:
    archive = ARCHIVES[name]
    artist = archive.artists.get(side, "")
    for stem, member in members.items():
        slug = "claude-monet" if artist else ""
        free = "public_domain" if artist else "unknown"
        work = Work("archive", slug, member.filename, artist_name=artist, title=stem, page_url=archive.urls[0])
        work = replace(work, rights_label=archive.rights, rights_status=free)
        yield folder.Local(f"{stem}.jpg", work, partial(_bytes, file, member), archive.sha256[:16])


def _pairs(
    file: zipfile.ZipFile, name: str, part: str, sides: dict[str, dict[str, zipfile.ZipInfo]]
) -> Iterator[folder.Local]:
    archive = ARCHIVES[name]
    # "1_A" and "1_B", or the same name on both sides
    a, b = ({re.sub(r"_[AB]$", "", stem): member for stem, member in sides[side].items()} for side in "AB")
    both = [stem for stem in a if stem in b]
    if not both:
        raise Changed(f"{name}.zip: the names in {part}A and {part}B do not fit each other")
    left, right = (a, b) if _flatness(file, b, both) >= _flatness(file, a, both) else (b, a)
    for stem in sorted(both, key=lambda text: (len(text), text)):
        work = Work("archive", "", f"{name}/{part}/{stem}", title=stem, page_url=archive.urls[0])
        work = replace(work, rights_label=archive.rights, media="photograph and label map")
        join = (lambda one, other: lambda: _side_by_side(_bytes(file, one), _bytes(file, other)))(
            left[stem], right[stem]
        )
        yield folder.Local(f"{stem}.png", work, join, archive.sha256[:16])


def _flatness(file: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], stems: list[str]) -> float:
    """How large a share of neighbouring pixels agree: near 1 for label maps, whichever side they are on."""
    import numpy as np
    from PIL import Image

    shares = []
    for stem in stems[:JUDGED]:
        try:
            content = _bytes(file, members[stem])
            pictures.look(content)
        except pictures.NotAPicture:
            continue
        grey = np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)
        shares.append(float((abs(np.diff(grey, axis=1)) <= 2).mean()))
    return sum(shares) / len(shares) if shares else 0.0


def _side_by_side(left: bytes, right: bytes) -> bytes:
    """Two pictures as one, without loss."""
    from PIL import Image

    for content in (left, right):
        pictures.look(content)
    one, other = (Image.open(io.BytesIO(content)).convert("RGB") for content in (left, right))
    joined = Image.new("RGB", (one.width * 2, one.height))
    joined.paste(one, (0, 0))
    joined.paste(other.resize(one.size, Image.Resampling.NEAREST) if other.size != one.size else other, (one.width, 0))
    file = io.BytesIO()
    joined.save(file, "PNG")
    return file.getvalue()


def add(commands: argparse._SubParsersAction) -> None:
    """Add the commands `facades` and `monet2photo`."""
    for name, archive in ARCHIVES.items():
        text = f"fetch {archive.title}, {archive.size / 1e6:.0f} MB"
        command = commands.add_parser(name, help=text, description=f"{text[:1].upper()}{text[1:]}.")
        command.set_defaults(run=run, archive_name=name)
        default = "data/facades" if name == "facades" else "data, that is data/monet and data/photo"
        command.add_argument("--out", type=Path, metavar="DIR", help=f"(default: {default})")
        command.add_argument("--part", choices=("train", "test"), default="train", help="(default: train)")
        command.add_argument("--archive", type=Path, metavar="FILE", help="the zip file, if you have it already")
        command.add_argument("--keep", action="store_true", help="keep the fetched zip file in the cache")
        command.add_argument("--contact", default="", metavar="MAIL", help="told to the site: whom to write to")


def run(arguments: argparse.Namespace) -> int:
    """Fetch, check, take over."""
    name = arguments.archive_name
    out = arguments.out or Path("data/facades" if name == "facades" else "data")
    options.writable(out)
    path = arguments.archive
    if path is None:
        hosts = {urlsplit(url).netloc for url in ARCHIVES[name].urls}
        with Session(Politeness(contact=arguments.contact), hosts.__contains__, options.say) as session:
            path = fetch(name, session)
    elif not path.is_file():
        raise UserError(f"there is no file {path}: check --archive, or leave it out to fetch {name}.zip")
    elif pictures.file_sha256(path) != ARCHIVES[name].sha256:
        raise UserError(f"{path} is not the known {name}.zip (its SHA-256 differs): fetch it again")
    reports = take(name, path, out, arguments.part)
    if arguments.archive is None and not arguments.keep:
        path.unlink()
    return max(options.finish(report, place) for place, report in reports.items())
