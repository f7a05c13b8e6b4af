"""The command `wikiart`: list, estimate, fetch, report."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from artkeras.cli.arguments import whole
from artkeras.errors import UserError
from data_tools import names, options
from data_tools.artists import artist_slug, artist_slugs, artists
from data_tools.listings import Listing, confirmed, load_listing, save_listing
from data_tools.polite import base_address, is_loopback
from data_tools.sizes import SIZES
from data_tools.wikiart import BACKENDS, SITE, UnknownArtist, WikiArt


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `wikiart`."""
    presets = sorted({row["preset"] for row in artists()})
    text = "fetch the works of artists from WikiArt, with what is known about them"
    command = commands.add_parser("wikiart", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("--artist", nargs="+", action="extend", default=[], metavar="NAME", help="slug, name, address")
    command.add_argument("--artists-file", metavar="TXT", help="a text file of artists, one a line")
    command.add_argument("--preset", choices=presets, help="the artists and the style of a study")
    command.add_argument("--style", default="", metavar="SLUG", help="only works of it, such as color-field-painting")
    command.add_argument(
        "--out", metavar="DIR", help="folder (default: data/colour_field with the preset, data/wikiart)"
    )
    command.add_argument("--size", choices=tuple(SIZES), default="large", help="(default: large, 600 pixels)")
    command.add_argument("--backend", choices=BACKENDS, default="auto", help="(default: auto; feed needs no browser)")
    command.add_argument("--rights", choices=("any", "public-domain"), default="any", help="(default: any)")
    command.add_argument("--limit", type=whole(1), metavar="N", help="at most N works of each artist")
    command.add_argument("--no-details", action="store_true", help="skip the works' pages: faster, no style, no rights")
    command.add_argument("--retry-missing", action="store_true", help="ask again for what was missing or given up")
    command.add_argument("--refresh", action="store_true", help="list again, also what was listed in the last 7 days")
    command.add_argument("--dry-run", action="store_true", help="list, say what it would take, fetch no picture")
    options.add_politeness(command)
    command.add_argument("--base-url", default=SITE, metavar="URL", help="of a replica, such as data_tools.demo_site")
    command.add_argument("--picture-host", action="append", default=[], metavar="HOST", help="of a replica's pictures")
    command.add_argument("--browser-binary", default="", metavar="PATH", help="the browser's program")
    command.add_argument("--headed", action="store_true", help="show the browser")
    command.add_argument(
        "--wait", type=options.seconds, default=20.0, metavar="S", help="for works in it (default: 20)"
    )


def run(arguments: argparse.Namespace) -> int:
    """List, estimate, fetch, report."""
    wanted, style = _wanted(arguments)
    if arguments.rights != "any" and arguments.no_details:
        raise UserError("--rights public-domain needs the works' pages: leave out --no-details")
    out = Path(arguments.out or ("data/colour_field" if arguments.preset == "colour-field" else "data/wikiart"))
    politeness = options.politeness(arguments, is_loopback(base_address(arguments.base_url)))
    with WikiArt(
        arguments.backend,
        politeness,
        arguments.base_url,
        arguments.picture_host,
        wait=arguments.wait,
        browser_binary=arguments.browser_binary,
        headed=arguments.headed,
        log=options.say,
    ) as wikiart:
        if not arguments.dry_run:
            options.writable(out)
        listings, missing = _listings(wikiart, wanted, style, out, arguments)
        report = wikiart.download(
            listings,
            out,
            arguments.size,
            details=not arguments.no_details,
            rights=arguments.rights,
            limit=arguments.limit,
            retry_missing=arguments.retry_missing,
            dry_run=arguments.dry_run,
        )
    report.limits += missing
    return options.finish(report, out, arguments.dry_run)


def _wanted(arguments: argparse.Namespace) -> tuple[list[str], str]:
    """The artists as they were given, each once, and the slug of the style."""
    given = list(arguments.artist)
    if arguments.artists_file:
        try:
            given += Path(arguments.artists_file).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeError) as error:
            raise UserError(f"cannot read {arguments.artists_file}: it should be a text file of artists") from error
    wanted = [text for text in given if text.strip() and not text.startswith("#")]
    style = arguments.style
    if arguments.preset:
        rows = artists(arguments.preset)
        wanted += [row["slug"] for row in rows]
        style = style or rows[0]["style"]
    if not wanted:
        raise UserError("whose works? Say --artist NAME, or --preset colour-field")
    if style and not names.slug(style):
        raise UserError(f"{style!r} is no style: give a slug such as color-field-painting")
    by_slug = {artist_slug(text): text for text in reversed(wanted)}
    return list(reversed(by_slug.values())), names.slug(style)


def _listings(
    wikiart: WikiArt, wanted: Sequence[str], style: str, out: Path, arguments: argparse.Namespace
) -> tuple[list[Listing], list[str]]:
    """A listing for each artist, and a line for each whom the site does not know."""
    from tqdm import tqdm

    listings: list[Listing] = []
    unknown: list[str] = []
    for artist in tqdm(wanted, desc="artists", unit="artist", disable=None if len(wanted) > 1 else True, leave=False):
        known = (load_listing(out, slug, style, wikiart.base) for slug in artist_slugs(artist))
        kept = None if arguments.refresh else next(filter(None, known), None)
        if kept is None:
            try:
                kept = wikiart.list_works(artist, style)
            except UnknownArtist as error:
                if not arguments.preset and not arguments.artists_file:
                    raise  # a slip, said before any picture is asked for
                unknown.append(str(error))
                continue
            kept = confirmed(out, kept)
            if not arguments.dry_run:
                save_listing(out, kept)
        listings.append(kept)
        if not kept.works:
            options.complain(f"{kept.artist} has no works{f' of the style {style}' if style else ''} there")
    return listings, unknown
