"""Visits to the replica of WikiArt, for the tests of them."""

from dataclasses import replace

from replica import paintings

from data_tools import __main__
from data_tools.manifest import Manifest
from data_tools.polite import Politeness
from data_tools.wikiart import WikiArt

QUICK = Politeness(delay=0, backoff=0.001)
ARTIST = "vera-solano"
STYLE = "color-field-painting"


def visit(site, backend="feed", manners=QUICK, log=lambda line: None):
    return WikiArt(backend, manners, site.url, [site.picture_host], log=log, wait=1)


def listed(site, backend="feed", style="", **more):
    with visit(site, backend, **more) as wikiart:
        return wikiart.list_works(ARTIST, style)


def fetch(site, out, size="large", backend="feed", style="", manners=QUICK, **more):
    with visit(site, backend, manners) as wikiart:
        return wikiart.download([wikiart.list_works(ARTIST, style)], out, size, **more)


def run(site, *arguments, out="out"):
    """The command line, as far as the replica needs: its exit status."""
    hosts = ["--base-url", site.url, "--picture-host", site.picture_host, "--delay", "0"]
    return __main__.main(["wikiart", *hosts, "--out", str(out), *arguments])


def faulty(site, *faults):
    """One work a fault, the works' slugs being the faults' names."""
    template = paintings(ARTIST, len(faults))
    works = [replace(work, slug=fault or "good", fault=fault) for work, fault in zip(template, faults, strict=True)]
    site.works = {ARTIST: works}
    return works


def by_slug(out):
    return {row["work_slug"]: row for row in Manifest(out)}


def one_line(text, start="data_tools: "):
    """The last line on standard error, the only one of its kind; no traceback anywhere."""
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if line.startswith(start)]
    assert len(lines) == 1, text
    return lines[0]
