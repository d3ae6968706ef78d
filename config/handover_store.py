"""Handover pages as files beside the archive, each named by the SHA-256 of its bytes; nothing is ever deleted."""

import hashlib
import re
from pathlib import Path
from typing import Any

import fsspec
import msgspec
from fsspec.implementations.local import LocalFileSystem

from config.rules import write_whole
from config.settings import Settings

SHA256 = re.compile(r"[0-9a-f]{64}")


class PageMissingError(LookupError):
    """No page of this name is kept, or its bytes are not those of its name."""


class HandoverStore:
    """Pages in a folder (`DATA/handovers`, `s3://…`). Safe for several processes: the same name has the same bytes."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)

    def keep(self, page: dict[str, Any]) -> str:
        """Keep a page as canonical JSON and return its SHA-256.

        Raises
        ------
        OSError
            If the store cannot be written.

        """
        body = msgspec.json.encode(page, order="deterministic")
        sha256 = hashlib.sha256(body).hexdigest()
        if not self.has(sha256):
            self._fs.makedirs(self._root, exist_ok=True)
            if isinstance(self._fs, LocalFileSystem):
                write_whole(Path(self._path(sha256)), body)
            else:
                self._fs.pipe_file(self._path(sha256), body)
        return sha256

    def has(self, sha256: str) -> bool:
        """Tell whether a page is kept."""
        return SHA256.fullmatch(sha256) is not None and bool(self._fs.exists(self._path(sha256)))

    def get(self, sha256: str) -> dict[str, Any]:
        """Return a page.

        Raises
        ------
        PageMissingError
            If it is not kept, or is damaged.

        """
        if not self.has(sha256):
            raise PageMissingError("This handover page is not kept here.")
        body = self._fs.cat_file(self._path(sha256))
        if hashlib.sha256(body).hexdigest() != sha256:
            raise PageMissingError(
                "This handover page was changed after it was kept; put it back from a backup."
            )
        page: dict[str, Any] = msgspec.json.decode(body)
        return page

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256}.json"


def handovers_of(settings: Settings) -> HandoverStore:
    """Return the pages of a system."""
    return HandoverStore((settings.data / "handovers").as_posix())
