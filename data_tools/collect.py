"""From works to pictures: fetch each once, look at it, store it, write it down. Shared by the sources on the web.

A run can be killed at any moment and started again: what is written down as "ok" is not asked for again, and a picture
that was stored but not yet written down is found by the "pending" line before it.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import artkeras
from data_tools import names, pictures
from data_tools.errors import Changed, Incomplete, Missing
from data_tools.manifest import Manifest
from data_tools.polite import PICTURE_LIMIT, Failed, Session, title_of
from data_tools.works import Report, Work, image_path, now

IMAGES = "images"  # the folder for pictures, inside the one of the manifest
RETIRED = 3  # a picture that the source failed to give in this many runs is no longer tried
PAGES = 2  # web pages in place of a picture, after which no other size of it is asked for in this run
WALL = 3  # works in a row that show web pages: then no picture is to be had here and now
# Placeholders by their names on WikiArt: not available, no portrait, not loaded yet.
PLACEHOLDERS = re.compile(r"/(FRAME|ARTIST)-\d+x\d+\.\w+|lazy-load-placeholder|/favicon-", re.IGNORECASE)
LOST = ("missing", "placeholder", "corrupt", "failed")
REPEATED = 3  # works that share the very same bytes: then these are no work at all


Candidates = Callable[[Work], Sequence[tuple[str, str]]]


class Collector:
    """Fetches the pictures of works into one folder. Use inside `manifest.writing()`.

    Args:
        manifest: of the folder.
        session: whom to ask.
        size: what is asked for, in the source's words; a picture of another size asked for is fetched again.
        candidates: work -> (variant, address) pairs, the wanted one first.
        details: completes a work from its page, with one more request; may raise what `Session.get` raises.
        keep: which works are wanted at all, asked after the details are known.
        retry_missing: also ask for what was missing, a placeholder, or given up.
        placeholder: address of a placeholder picture, to compare with.
        backend: for the manifest.
        headers: sent with every request for a picture.
    """

    def __init__(
        self,
        manifest: Manifest,
        session: Session,
        *,
        size: str,
        candidates: Candidates,
        details: Callable[[Work], tuple[Work, Sequence[tuple[str, str]]]] | None = None,
        keep: Callable[[Work], bool] = lambda work: True,
        retry_missing: bool = False,
        placeholder: str = "",
        backend: str = "",
        headers: dict[str, str] | None = None,
    ):
        self.manifest, self.session, self.size = manifest, session, size
        self.candidates, self.details, self.keep = candidates, details, keep
        self.retry_missing, self.placeholder, self.backend = retry_missing, placeholder, backend
        self.headers = headers or {}
        self._unread = 0  # pages of works in a row that could not be read
        self._placeholder_sha256: str | None = None
        self._by_path: dict[str, str] = {}
        self._by_sha256: dict[str, str] = {}
        self._pages = 0  # works in a row that showed web pages in place of pictures
        self._names = names.OwnNames((row["file"], row["key"]) for row in manifest if row.get("file"))
        for row in manifest.pictures():
            if self._here(row):  # a picture that is lost answers for no other work
                self._remember(row)

    def to_do(self, works: Iterable[Work]) -> list[Work]:
        """The works that need a request; those that showed a web page in place of a picture last time come last."""
        waiting = [work for work in works if not self.settled(work)]
        return sorted(waiting, key=lambda work: bool((self.manifest.get(work.key) or {}).get("page_title") is not None))

    def settled(self, work: Work) -> bool:
        """Whether the manifest answers for a work already."""
        row = self.manifest.get(work.key)
        if row is None:
            return False
        status = row["status"]
        if status == "ok":
            path = self._path(row)
            if path is not None and pictures.same_file(path, row) and row.get("size_asked") == self.size:
                return True
            return self.by_hand(row)
        if status == "duplicate":
            other = self.manifest.get(row.get("duplicate_of", ""))
            return other is not None and self._here(other) and row.get("size_asked") == self.size
        if status == "filtered":
            return not self.keep(_with_row(work, row))
        if status in ("missing", "placeholder"):
            return not self.retry_missing
        if status in ("failed", "corrupt"):
            return row.get("attempts", 1) >= RETIRED and not self.retry_missing
        return False

    def run(self, works: Sequence[Work], report: Report) -> Report:
        """Fetch the pictures of all works that need it, with a progress bar, and add to the report.

        Raises:
            Refused, Incomplete: from the session; what was fetched until then is written down.
            OSError: the disk is full, or the folder has become read-only.
        """
        from tqdm import tqdm

        to_do = self.to_do(works)
        self.note(works, report)
        bar = tqdm(to_do, desc="pictures", unit="picture", disable=None, dynamic_ncols=True)
        try:
            for work in bar:
                row = self.take(work)
                if row["status"] == "ok":
                    report.fetched += 1
                elif row["status"] in ("failed", "corrupt"):
                    report.failed.append(f"{work.key}: {row.get('error', row['status'])}")
        finally:
            bar.close()
            for work in works:
                row = self.manifest.get(work.key)
                if row is not None:
                    report.counts[row["status"]] = report.counts.get(row["status"], 0) + 1
        return report

    def note(self, works: Iterable[Work], report: Report) -> None:
        """Add to a report what of these works is there already, and what was given up."""
        given_up = 0
        for work in works:
            if not self.settled(work):
                continue
            row = self.manifest.rows[work.key]
            report.had += row["status"] == "ok"
            given_up += row["status"] in ("failed", "corrupt")
            if row["status"] == "ok" and self.by_hand(row):
                report.notes.append(f"{row['file']} was changed by hand and stays: delete it to have it fetched again")
        if given_up:
            report.notes.append(
                f"{given_up} works gave no picture in {RETIRED} runs and are not asked for: --retry-missing asks again"
            )

    def by_hand(self, row: dict[str, Any]) -> bool:
        """Whether somebody has worked on the picture of a row since it was stored."""
        path = self._path(row)
        return path is not None and not pictures.same_file(path, row) and pictures.changed_by_hand(path, row)

    def take(self, work: Work) -> dict[str, Any]:
        """Settle one work and return its row.

        Raises:
            Incomplete: the third work in a row that shows a web page in place of a picture.
        """
        old = self.manifest.get(work.key) or {}
        if old.get("status") == "pending" and (row := self._adopt(old)):
            return row
        before = old.get("attempts", 0) if old.get("status") in ("failed", "corrupt") else 0
        facts: dict[str, Any] = {"attempts": before + 1, "backend": self.backend, "size_asked": self.size}
        offered: Sequence[tuple[str, str]] = ()
        if old.get("details"):
            work = _with_row(work, old)
            facts["details"] = True
        elif self.details is not None:
            try:
                work, offered = self.details(work)
                facts["details"] = True
                self._unread = 0
            except Missing:
                facts["error"] = "its page is gone"
            except Changed as error:  # one odd page is that; three in a row are a site of another form
                self._unread += 1
                if self._unread == 3:
                    raise
                facts["error"] = str(error)
            except Failed as error:
                facts |= {"error": str(error), "http_status": error.status}
                return self._write(work, "failed", **facts | ({} if error.lasting else {"attempts": before}))
        if not self.keep(work):
            return self._write(work, "filtered", **facts)
        return self._picture(work, [*offered] or self.candidates(work), facts)

    def _picture(self, work: Work, candidates: Sequence[tuple[str, str]], facts: dict[str, Any]) -> dict[str, Any]:
        """Try the addresses of a work's picture in turn."""
        real = [(variant, url) for variant, url in candidates if url and not PLACEHOLDERS.search(url)]
        if not real:
            status = "placeholder" if any(url for _, url in candidates) else "missing"
            return self._write(work, status, **facts | {"error": "the source shows no picture of it"})
        # Asked for before by another name? Then it is the same picture, and not asked for again.
        other = self._by_path.get(image_path(real[0][1]))
        if other is not None and other != work.key:
            return self._write(work, "duplicate", **facts | {"duplicate_of": other, "image_url": real[0][1]})
        status, why, http_status = "missing", "no size of it is there", 404
        lasting, titles = False, []
        for variant, url in real:
            try:
                answer = self.session.get(url, limit=PICTURE_LIMIT, headers=self.headers)
                found = pictures.look(answer.body)
            except Missing:
                self._pages = 0
                continue
            except pictures.NotBytes as error:
                titles.append(title_of(answer.body))
                status, why, http_status = "corrupt", str(error), 200
                if len(titles) == PAGES:
                    break
                continue
            except pictures.NotAPicture as error:
                self._pages = 0
                status, why, http_status, lasting = "corrupt", str(error), 200, True
                continue
            except Failed as error:
                status, why, http_status = "failed", str(error), error.status
                lasting = lasting or error.lasting
                continue
            self._pages = 0
            if PLACEHOLDERS.search(answer.url) or self._is_placeholder(found):
                status, why, http_status = "placeholder", "the source shows a placeholder", 200
                continue
            facts |= {
                "image_url": url,
                "image_variant": variant,
                "http_status": answer.status,
                "etag": answer.headers.get("etag"),
                "last_modified": answer.headers.get("last-modified"),
                **dataclasses.asdict(found),
            }
            return self._store(work, answer.body, found, facts)
        facts |= {"error": why, "http_status": http_status}
        if status in ("failed", "corrupt") and not lasting:  # says nothing of the picture: it is never given up for it
            facts["attempts"] -= 1
        if not titles:
            return self._write(work, status, **facts)
        row = self._write(work, status, **facts | {"page_title": titles[-1]})
        self._pages += 1
        if self._pages == WALL:
            shown = f"the last is called {titles[-1]!r}" if titles[-1] else "the last has no title"
            raise Incomplete(
                f"stopped: {urlsplit(url).netloc} shows web pages instead of pictures ({shown}). It may ask for a "
                "login or for proof that a person is there, or this network shows a page of its own: open the address "
                "in a browser, then run the same command again"
            )
        return row

    def _store(self, work: Work, content: bytes, found: pictures.Facts, facts: dict[str, Any]) -> dict[str, Any]:
        other = self._by_sha256.get(found.sha256)
        if other is not None and other != work.key:
            return self._same_bytes(work, other, facts)
        old = self.manifest.get(work.key) or {}
        path = self._path(old) if old.get("file") else None
        if path is not None and pictures.changed_by_hand(path, old):  # another size was asked for
            self.manifest.add({**old, "size_asked": self.size})
            return self.manifest.rows[work.key]
        artist = names.file_stem(work.artist_slug) or "unknown"
        stem = f"{IMAGES}/{artist}/{names.file_stem(work.work_slug)}"
        name = own_name(self._names, self.manifest.folder, stem, found, work.key, old)
        path = pictures.inside(self.manifest.folder, name)
        self._write(work, "pending", **facts | {"file": name})
        pictures.store(path, content)
        row = self._write(work, "ok", **facts | {"file": name})
        self._remember(row)
        if old.get("file") and old["file"] != name:  # now of another format
            self._remove(old)
        return row

    def _same_bytes(self, work: Work, other: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Two works may share a picture; when it gets more, it is a placeholder that says nothing of any of them."""
        sharing = [row for row in self.manifest if row.get("sha256") == facts["sha256"] and row["key"] != work.key]
        sharing = [row for row in sharing if row["status"] in ("ok", "duplicate", "placeholder")]
        if len(sharing) + 1 < REPEATED:
            return self._write(work, "duplicate", **facts | {"duplicate_of": other})
        why = f"{len(sharing) + 1} works show the same picture"
        for row in sharing:
            if row["status"] != "placeholder":
                self.manifest.add({**row, "status": "placeholder", "error": why, "duplicate_of": None, "file": None})
                self._remove(row)
        return self._write(work, "placeholder", **facts | {"error": why})

    def _adopt(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """A picture that was stored just before the program was killed."""
        path = self._path(row)
        if path is None or row.get("size_asked") != self.size or pictures.file_sha256(path) != row.get("sha256"):
            return None
        row = {**row, "status": "ok"}
        self.manifest.add(row)
        self._remember(row)
        return row

    def _is_placeholder(self, found: pictures.Facts) -> bool:
        """Whether a picture is the source's placeholder, which is fetched to compare when the sizes agree."""
        if not self.placeholder or (found.width, found.height) != (600, 480):
            return False
        if self._placeholder_sha256 is None:
            try:
                self._placeholder_sha256 = pictures.look(self.session.get(self.placeholder).body).sha256
            except (Missing, Failed, pictures.NotAPicture):
                self._placeholder_sha256 = "unknown"
        return found.sha256 == self._placeholder_sha256

    def _here(self, row: dict[str, Any]) -> bool:
        """Whether a row has a picture, and it is there."""
        path = self._path(row) if row["status"] == "ok" else None
        return path is not None and path.is_file()

    def _path(self, row: dict[str, Any]) -> Path | None:
        """Where a row's file is. A manifest is a file like any other, so what it says is checked."""
        try:
            return pictures.inside(self.manifest.folder, row["file"])
        except (KeyError, ValueError):
            return None

    def _remove(self, row: dict[str, Any]) -> None:
        path = self._path(row)
        if path is not None:
            path.unlink(missing_ok=True)
        self._by_path = {path: owner for path, owner in self._by_path.items() if owner != row["key"]}

    def _remember(self, row: dict[str, Any]) -> None:
        if row.get("image_url"):
            self._by_path[image_path(row["image_url"])] = row["key"]
        if row.get("sha256"):
            self._by_sha256[row["sha256"]] = row["key"]

    def _write(self, work: Work, status: str, **facts: Any) -> dict[str, Any]:
        row = work.row() | {"status": status, "fetched_at": now(), "tool_version": artkeras.__version__} | facts
        old = self.manifest.get(work.key)
        if status in LOST and old is not None and old["status"] == "ok" and self._path(old) is not None:
            # Another size was asked for and did not come: the one that is here stays, and is not asked for for ever.
            if status != "failed":
                self.manifest.add({**old, "size_asked": self.size, "error": facts.get("error")})
            return row
        self.manifest.add(row)
        return self.manifest.rows[work.key]


def own_name(
    given: names.OwnNames, folder: Path, stem: str, found: pictures.Facts, key: str, old: dict[str, Any]
) -> str:
    """A name for a work's picture that no other file has, be it of another work or one that somebody put there.

    Args:
        given: the names that the folder's works have.
        folder: of the manifest.
        stem: the wanted name without its ending.
        found: of the picture.
        key: of the work.
        old: the work's row so far.
    """
    while True:
        name = given.give(stem, found.ending, key)
        path = pictures.inside(folder, name)
        if name == old.get("file") or not os.path.lexists(path) or pictures.file_sha256(path) == found.sha256:
            return name
        given.refuse(key)


def _with_row(work: Work, row: dict[str, Any]) -> Work:
    """A work with what the manifest knows of it from its page."""
    known = {f.name: row[f.name] for f in dataclasses.fields(Work) if row.get(f.name) not in (None, "")}
    return dataclasses.replace(work, **known | {"image_url": work.image_url or row.get("image_url", "")})
