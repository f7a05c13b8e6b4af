"""The sizes in which WikiArt has its pictures: their addresses, and what fetching them takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from data_tools.names import encoded
from data_tools.works import Work

# size -> the site's names for it; "" is the original
SIZES: dict[str, tuple[str, ...]] = {
    "thumb": ("PinterestSmall",),
    "large": ("Large",),
    "hd": ("HD", "HalfHD"),
    "original": ("Original", ""),
}
# The size that is asked for, and what is taken instead when it is not there: the site has no "large" of every fourth.
CHAINS = {
    "thumb": ("thumb", "large", "original"),
    "large": ("large", "original", "hd", "thumb"),
    "hd": ("hd", "original", "large", "thumb"),
    "original": ("original", "hd", "large", "thumb"),
}
KILOBYTES = {"thumb": 15, "large": 58, "hd": 191, "original": 300}  # of a typical picture, for the estimate


def chain(work: Work, size: str, offered: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """(size, address) of a work's picture in the order of trying: as its page offers, else as addresses are made."""
    if not work.image_url and not offered:
        return []
    by_name = dict(offered)
    found: list[tuple[str, str]] = []
    for name in CHAINS[size]:
        for token in SIZES[name]:
            if token in by_name:
                url = by_name[token]
            elif token in ("", "Original"):
                url = work.image_url
            elif offered:
                continue  # the page says that it has no such size
            else:
                url = f"{work.image_url}!{token}{Path(urlsplit(work.image_url).path).suffix or '.jpg'}"
            if url and encoded(url) not in [known for _, known in found]:
                found.append((name, encoded(url)))
            if url:
                break
    return found


def estimate(to_do: int, total: int, size: str, details: bool, delay: float) -> str:
    """One line: how many pictures, how long it takes, how much room."""
    if not to_do:
        return f"{total} works, no picture to fetch"
    seconds = to_do * (2.3 if details else 1.3) * (delay * 1.15 + 0.3)
    minutes = max(1, round(seconds / 60))
    took = f"{seconds / 3600:.1f} hours" if minutes > 90 else f"{minutes} minute{'s' * (minutes > 1)}"
    room = max(1, round(to_do * KILOBYTES[size] / 1000))
    return f"{total} works, {to_do} pictures to fetch: about {took} and {room} MB"
