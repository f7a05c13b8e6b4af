"""What the commands share: kinds of arguments, the manners, the first and the last words."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from artkeras.cli.arguments import number
from artkeras.errors import UserError
from data_tools.errors import COMPLETE, INCOMPLETE
from data_tools.polite import Politeness
from data_tools.works import Report

QUICKEST = 0.5  # seconds between requests to a site of others
SHOWN = 10  # how many lines about failed works are printed


seconds = number(lambda value: 0 <= value <= 3600, "a number of seconds from 0 to 3600")


def add_politeness(command: argparse.ArgumentParser, delay: float = 1.0) -> None:
    """Add the arguments that say how a site is asked."""
    command.add_argument(
        "--delay", type=seconds, default=delay, metavar="S", help=f"between requests (default: {delay:g})"
    )
    command.add_argument("--contact", default="", metavar="MAIL", help="told to the site: whom to write to")


def politeness(arguments: argparse.Namespace, own_machine: bool) -> Politeness:
    """The manners that the arguments ask for.

    Raises:
        UserError: they are none.
    """
    if arguments.delay < QUICKEST and not own_machine:
        raise UserError(f"--delay {arguments.delay:g} is too quick for a site of others: at least {QUICKEST:g} s")
    if not arguments.contact.isascii() or not arguments.contact.isprintable() or len(arguments.contact) > 200:
        raise UserError("--contact must be a mail address or web page in plain letters")
    # On this machine a test need not wait; anywhere else the second try comes after two seconds at least.
    backoff = 2 * arguments.delay if own_machine else max(2.0, 2 * arguments.delay)
    return Politeness(delay=arguments.delay, contact=arguments.contact, backoff=backoff)


def writable(folder: Path) -> None:
    """Make a folder, and make sure that files can be written there, before anybody is asked for anything.

    Raises:
        UserError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"cannot write into {folder} ({error.strerror or error}): choose another with --out") from error


def say(line: str) -> None:
    """Print a line."""
    print(line, flush=True)


def complain(line: str) -> None:
    """Print a line on standard error."""
    print(f"data_tools: {line}", file=sys.stderr)


def finish(report: Report, out: Path, dry_run: bool = False) -> int:
    """Print what a run did; returns its exit status."""
    for note in [*report.notes, *report.limits]:
        complain(note)
    for line in report.failed[:SHOWN]:
        complain(line)
    if len(report.failed) > SHOWN:
        complain(f"and {len(report.failed) - SHOWN} more")
    if dry_run:
        return COMPLETE
    if report.table and report.table != out / "manifest.csv":
        complain(f"{out / 'manifest.csv'} was edited by hand and stays as it is; the new table is beside it")
    say(f"{report}; manifest: {report.table or out / 'manifest.csv'}")
    if report.complete:
        return COMPLETE
    again = report.failed or not report.whole
    complain(f"incomplete: {'run the same command again for the rest' if again else 'the same command brings no more'}")
    return INCOMPLETE
