"""Opening recorded files as text: plain or `.gz`, UTF-8 with or without a mark at its beginning."""

import gzip
from pathlib import Path
from typing import IO


def open_text(path: Path, *, errors: str = "strict") -> IO[str]:
    """Open a file for reading as UTF-8 text; a name that ends in .gz is unpacked.

    Parameters
    ----------
    path
        The file.
    errors
        What becomes of bytes that are no UTF-8, as for `open`.

    Raises
    ------
    OSError
        If it cannot be opened.

    """
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors=errors, newline="")
    return path.open(encoding="utf-8-sig", errors=errors, newline="")
