"""Text from elsewhere: titles, years, slugs, and the file names made of them."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from urllib.parse import unquote, urlsplit

SLUG_BYTES = 100  # of a file name's stem: file systems allow 255 bytes, and an ending and a hash are added
# Letters that Unicode does not take apart.
PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # by Windows


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


def slugs_of(url: str) -> tuple[str, str]:
    """(artist, work) of an address such as "/en/mark-rothko/no-61"; two empty texts for any other address."""
    parts = [unquote(part) for part in urlsplit(url).path.split("/") if part]
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
    if stem and stem == text and not RESERVED.fullmatch(stem):
        return stem
    return f"{stem}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}".lstrip("-")


def year(text: object) -> int | None:
    """The first year in a text: "c.1950" -> 1950, "1950-1955" -> 1950."""
    found = re.search(r"(?<!\d)(\d{4}|[1-9]\d{2})(?!\d)", str(text or ""))
    return int(found[0]) if found else None
