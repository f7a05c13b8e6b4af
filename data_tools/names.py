"""Text from elsewhere: titles, years, slugs, addresses, JSON, and the file names made of them."""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

SLUG_BYTES = 100  # of a file name's stem: file systems allow 255 bytes, and an ending and a hash are added
# Letters that Unicode does not take apart.
PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})
RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[\d¹²³])(\..*)?", re.IGNORECASE)  # by Windows


def clean(text: object) -> str:
    """One line of text: entities resolved, white space single, control and direction marks gone, Unicode composed."""
    if text is None:
        return ""
    line = " ".join(html.unescape(str(text)).split())
    line = "".join(c for c in line if unicodedata.category(c)[0] != "C" or c in "\u200c\u200d")  # joiners spell words
    return unicodedata.normalize("NFC", line)


def slug(name: str) -> str:
    """A name as addresses have it: "Albrecht Dürer" -> "albrecht-durer"."""
    text = unicodedata.normalize("NFKD", name.strip().lower().translate(PLAIN))
    text = "".join(c for c in text if not unicodedata.combining(c) and c not in "'’`´.")
    return "-".join(re.findall(r"[^\W_]+", text))


def spellings(name: str) -> list[str]:
    """The slugs that a site may have made of a name, the likeliest first.

    WikiArt joins what a name's apostrophes and points stand between, or writes a hyphen for each, or for every letter
    that is not plain: "georgia-okeeffe" or "georgia-o-keeffe", "joaquin-sorolla" or "joaqu-n-sorolla".
    """
    plain = unicodedata.normalize("NFKD", name.strip().lower().translate(PLAIN))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    composed = unicodedata.normalize("NFC", name.strip().lower())
    hyphened = ["-".join(re.findall("[a-z0-9]+", text)) for text in (plain, composed)]
    return [text for text in dict.fromkeys([slug(name), *hyphened]) if text]


def joined(base: str, url: str) -> str:
    """An address relative to another; empty when it is none, such as one with a bracket that is not closed."""
    try:
        whole = urljoin(base, url)
        urlsplit(whole).port  # noqa: B018 - raises for what is no number
        whole.encode()
    except ValueError:  # UnicodeEncodeError, for half of a surrogate pair, is one too
        return ""
    return whole


def encoded(url: str) -> str:
    """An address with everything encoded that must be, and nothing twice; empty for what is no address."""
    if not joined("", url):
        return ""
    parts = urlsplit(url)
    path = quote(unquote(parts.path), safe="/!()',*:@&=+$;~-._")
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def parsed(text: str | bytes) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: it is none, or nests too deep to be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it nests too deep") from None


def slugs_of(url: str) -> tuple[str, str]:
    """(artist, work) of an address such as "/en/mark-rothko/no-61"; two empty texts for any other address."""
    try:
        parts = [unquote(part) for part in urlsplit(url).path.split("/") if part]
    except ValueError:  # no address
        return "", ""
    if parts and re.fullmatch(r"[a-z]{2}", parts[0]):  # the language
        parts = parts[1:]
    return (parts[0], parts[1]) if len(parts) == 2 else ("", "")


def file_stem(text: str, keep: str = "-_.", lower: bool = True) -> str:
    """A file name without its ending that stays inside its folder on any system, and differs if `text` does.

    Letters, digits and the characters of `keep` stay; in small letters only, since some systems do not tell them apart.
    """
    text = unicodedata.normalize("NFC", text)
    stem = "".join(c if c.isalnum() or c in keep else "-" for c in (text.lower() if lower else text))
    stem = stem.encode("utf-8")[:SLUG_BYTES].decode("utf-8", "ignore").strip(".-_ ")
    if RESERVED.fullmatch(stem):  # Windows looks at what stands before the first dot
        stem = stem.replace(".", "-")
    elif stem and stem == text:
        return stem
    return f"{stem}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}".lstrip("-")


def folded(name: str) -> str:
    """What two names have in common that some file system takes for one: letter case and Unicode form do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def plain(name: str) -> str:
    """A relative path as tables are compared with it: systems differ in slashes and in how they spell accents."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/")).removeprefix("./")


class OwnNames:
    """Gives every file of a folder a name of its own.

    Two names count as the same if they differ in nothing but their ending, the case of letters or the Unicode form:
    somewhere one would replace the other, or a list could not tell them apart. Who comes first gets the name, the
    next one gets a few digits after it, the same ones each time.

    Args:
        taken: (name of a file, its owner) of those that are there.
    """

    def __init__(self, taken: Iterable[tuple[str, str]] = ()):
        self._owners: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        for name, owner in taken:
            stem = name[: len(name) - len(_ending(name))]
            if self._owners.setdefault(folded(stem), owner) == owner:
                self._stems[owner] = stem

    def give(self, stem: str, ending: str, owner: str) -> str:
        """The name for the file of an owner, who keeps the one that it has but for the ending.

        Args:
            stem: the wanted name without its ending; folders before it are separated by "/".
            ending: with its point.
            owner: any text, another one for each file.
        """
        if owner not in self._stems:
            digits = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()
            wanted = [stem, *(f"{stem}-{digits[:length]}" for length in (8, 16, 64))]
            self._stems[owner] = next(text for text in wanted if self._owners.setdefault(folded(text), owner) == owner)
        return self._stems[owner] + ending

    def refuse(self, owner: str) -> None:
        """Say that a file of somebody else has the name that an owner was given: `give` gives another one then."""
        self._owners[folded(self._stems.pop(owner))] = ""


def _ending(name: str) -> str:
    """The ending of a file's name with its point, or nothing."""
    found = re.search(r"(?<=[^/.])\.[^./ ]{1,10}$", name)
    return found[0] if found else ""


def year(text: object) -> int | None:
    """The first year in a text: "c.1950" -> 1950, "1950-1955" -> 1950."""
    found = re.search(r"(?<!\d)(\d{4}|[1-9]\d{2})(?!\d)", str(text or ""))
    return int(found[0]) if found else None
