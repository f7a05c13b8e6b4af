"""The studies' sets on Kaggle, and any other, through Kaggle's own client. `python -m data_tools kaggle NAME`."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, replace
from pathlib import Path

from artkeras.errors import UserError
from artkeras.tables import read_rows
from data_tools import folder, names, options
from data_tools.errors import Changed, Incomplete, Refused
from data_tools.works import Report, Work


@dataclass(frozen=True)
class Part:
    """Which files of a set go to which folder: `pattern` matches the beginning of their names, in any letter case."""

    pattern: str
    study: str
    style: str = ""
    artist: str = ""


@dataclass(frozen=True)
class Dataset:
    """A set on Kaggle: its handle, what it is, its parts."""

    handle: str
    title: str
    parts: tuple[Part, ...]
    artist_folders: bool = False


# Best Artworks holds everything twice, in full and reduced; the full ones are taken.
SETS: dict[str, Dataset] = {
    "abstract": Dataset(
        "bryanb/abstract-art-gallery",
        "Abstract Art Gallery, 2,782 pictures (studies 2 and 3)",
        (Part(r"(.*/)?abstract_gallery/", "abstract", "abstract"),),
    ),
    "japanese_art": Dataset(
        "sivarazadi/wikiart-art-movementsstyles",
        "WikiArt Art Movements, the folder of Japanese art, 2,235 pictures (study 4)",
        (Part(r"(.*/)?japanese[_ ]?art/", "japanese_art", "Japanese art"),),
    ),
    "artworks": Dataset(
        "ikarus777/best-artworks-of-all-time",
        "Best Artworks of All Time, 50 artists (study 5)",
        (Part(r"images/", "artworks"),),
        artist_folders=True,
    ),
    "monet2photo": Dataset(
        "balraj98/monet2photo",
        "Monet's paintings and landscape photographs (study 5)",
        (Part(r"(.*/)?trainA/", "monet", artist="Claude Monet"), Part(r"(.*/)?trainB/", "photo")),
    ),
}


def take(name: str, out: Path | None = None) -> dict[Path, Report]:
    """Fetch a set and take its pictures over.

    Args:
        name: a key of `SETS`, or a handle such as "owner/name", of which every picture is taken.
        out: the folder; by default `data/<study>`. For a set of two parts the folder that gets both of theirs.

    Returns:
        folder -> what was done there.

    Raises:
        UserError: no such set, no client, no permission to write. Incomplete: no network. Refused: Kaggle wants a
            login, or an agreement. Changed: the set has no such pictures any more.
    """
    found = SETS.get(name)
    if found is None:
        if not re.fullmatch(r"[\w-]+/[\w.-]+(/versions/\d+)?", name):
            raise UserError(f"{name!r} is no set: choose {', '.join(SETS)}, or give a handle such as owner/name")
        found = Dataset(name, name, (Part("", names.slug(name.split("/")[1]).replace("-", "_")),))
    outs = {part: _folder(found, part, out) for part in found.parts}
    for place in outs.values():
        options.writable(place)
    root = _download(found.handle)
    artists = _artists(root) if found.artist_folders else {}
    reports = {}
    for part, place in outs.items():

        def work(file: str, part: Part = part) -> Work:
            by = part.artist or (_artist(file) if found.artist_folders else "")
            return Work(
                "kaggle",
                names.slug(by),
                f"{found.handle}/{file}",
                artist_name=by,
                title=names.clean(Path(file).stem.replace("_", " ")),
                style=part.style or artists.get(names.slug(by), ""),
                page_url=f"https://www.kaggle.com/datasets/{found.handle}",
                rights_label="see the page of the set",
            )

        trouble: list[str] = []
        passed_over: list[str] = []
        found_here = list(folder.files(root, work, trouble, passed_over))
        mine = [replace(f, origin="") for f in found_here if re.match(part.pattern, f.name, re.IGNORECASE)]
        if not mine:
            raise Changed(f"{found.handle} has no pictures in {part.pattern or 'any folder'}: it has changed its form")
        reports[place] = folder.take(mine, place, backend="kagglehub")
        reports[place].failed += trouble
        reports[place].notes += passed_over
    return reports


def _folder(dataset: Dataset, part: Part, out: Path | None) -> Path:
    if out is None:
        return Path("data", part.study)
    return out / part.study if len(dataset.parts) > 1 else out


def _download(handle: str) -> Path:
    """Let Kaggle's client fetch a set into its cache."""
    try:
        import kagglehub
        import requests
        from kagglehub import exceptions
    except ImportError:
        raise UserError("kagglehub is missing: pip install kagglehub") from None
    page = f"https://www.kaggle.com/datasets/{handle}"
    try:
        return Path(kagglehub.dataset_download(handle))
    except exceptions.NotFoundError as error:
        raise UserError(f"Kaggle has no set {handle}: check its name") from error
    except (exceptions.UnauthenticatedError, exceptions.CredentialError) as error:
        raise Refused(f"Kaggle wants to know who you are: log in with kagglehub.login(), see {page}") from error
    except requests.HTTPError as error:
        status = getattr(error.response, "status_code", 0)
        if status == 404:
            raise UserError(f"Kaggle has no set {handle}: check its name") from error
        if status in (401, 403, 429):
            raise Refused(
                f"Kaggle answered {status} for {handle}: log in (kagglehub.login()) and agree to the terms at {page}"
            ) from error
        raise Incomplete(f"Kaggle answered {status} for {handle}: try again later") from error
    except requests.RequestException as error:
        raise Incomplete("cannot reach Kaggle: check the network, then run the same command again") from error
    except exceptions.DataCorruptionError as error:
        raise Incomplete(f"{handle} did not arrive intact: run the same command again") from error


def _artist(file: str) -> str:
    """The folder a picture lies in, as a name: "Albrecht_Dürer" -> "Albrecht Dürer"."""
    return names.clean(Path(file).parent.name.replace("_", " "))


def _artists(root: Path) -> dict[str, str]:
    """artist's slug -> style, from the set's table, if it has one."""
    try:
        rows = read_rows(root / "artists.csv", ("name", "genre"))
    except UserError:  # the pictures are what counts
        return {}
    return {names.slug(row["name"]): names.clean(row["genre"].replace(",", "; ")) for row in rows}


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `kaggle`."""
    text = "fetch a study's set from Kaggle"
    more = "; ".join(f"{name}: {dataset.title}" for name, dataset in SETS.items())
    command = commands.add_parser("kaggle", help=text, description=f"{text[:1].upper()}{text[1:]}. {more}.")
    command.set_defaults(run=run)
    command.add_argument("name", metavar="NAME", help=f"{', '.join(SETS)}, or any handle owner/name")
    command.add_argument("--out", type=Path, metavar="DIR", help="(default: data/STUDY)")


def run(arguments: argparse.Namespace) -> int:
    """Fetch a set."""
    statuses = [options.finish(report, place) for place, report in take(arguments.name, arguments.out).items()]
    return max(statuses)
