"""Artists as WikiArt calls them: the table of those that the studies took, and slugs from names and addresses."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from artkeras.errors import UserError
from artkeras.tables import read_rows
from data_tools import names


def artists(preset: str = "") -> list[dict[str, str]]:
    """The table of artists: preset, slug, name, style, pictures_2021 (how many the study found)."""
    rows = read_rows(Path(__file__).with_name("artists.csv"))
    return [dict(row) for row in rows if not preset or row["preset"] == preset]


def artist_slug(text: str) -> str:
    """The likeliest slug of an artist given as slug, name ("Albrecht Dürer") or address.

    Raises:
        UserError: it is none of these.
    """
    return artist_slugs(text)[0]


def artist_slugs(text: str) -> list[str]:
    """The slugs that the site may have for an artist, the likeliest first; see `names.spellings`.

    Raises:
        UserError: see `artist_slug`.
    """
    given = text.strip()
    if "://" in given:
        path = urlsplit(given).path if names.joined("", given) else ""
        parts = [unquote(part) for part in path.split("/") if part]
        given = next((part for part in parts if not re.fullmatch("[a-z]{2}", part)), "")
    by_name = {names.slug(row["name"]): row["slug"] for row in artists()}
    if "/" in given or "\\" in given or not names.slug(given):
        raise UserError(f"{text!r} is no artist: give a name, or a slug such as mark-rothko")
    found = names.slug(given)
    return [by_name[found]] if found in by_name else names.spellings(given)
