"""Rule sets as files: gathering a town's, and a store of their bytes, named by their hash, that is kept for ever."""

import hashlib
import os
import tempfile
import threading
from collections import OrderedDict
from functools import lru_cache
from importlib import resources
from pathlib import Path

import fsspec
import msgspec
from fsspec.implementations.local import LocalFileSystem

from config.calendar_source import calendar_files, expanded
from config.desk_source import desk_file, expanded_desks
from domain.rules import Rules, compile_rules

COMPILED_KEPT = 8
"""Rule sets kept compiled: a refold goes through them in order, and live needs two."""

SHIPPED = ("sla.toml", "alerts.toml", "detectors.toml", "categories.toml", "flow.toml")


class RulesMissingError(LookupError):
    """A rule set or a part of it is not in the store, or its bytes are not those of its name."""


def gather(
    config_dir: Path | None,
    areas_dir: Path | None,
    holidays_dir: Path | None = None,
    roster_dir: Path | None = None,
) -> dict[str, bytes]:
    """Return the parts of the rule set in force: its files as `rule_files` gives them, its calendars and desks written out.

    Parameters
    ----------
    config_dir, areas_dir
        As for `rule_files`.
    holidays_dir
        Where what the holidays library said is kept (`DATA/holidays`): asking it takes a second.
    roster_dir
        Where imported rosters are (`DATA/roster`), a file a county; those of the town's folder come before them.

    Raises
    ------
    OSError
        If a file is there and cannot be read.
    config.calendar_source.CalendarsError
        With every mistake of every calendar and desk.

    """
    calendars = _calendars(tuple(sorted(calendar_files(config_dir).items())), holidays_dir)
    written = calendars | _desks(desk_file(config_dir))
    return rule_files(config_dir, areas_dir) | written | _json_files("roster", roster_dir, config_dir)


@lru_cache(maxsize=COMPILED_KEPT)
def _calendars(files: tuple[tuple[str, bytes], ...], holidays_dir: Path | None) -> dict[str, bytes]:
    return expanded(dict(files), holidays_dir)


@lru_cache(maxsize=COMPILED_KEPT)
def _desks(file: bytes) -> dict[str, bytes]:
    return expanded_desks(file)


def rule_files(config_dir: Path | None, areas_dir: Path | None) -> dict[str, bytes]:
    """Return the rule files in force: the shipped ones, and a town's own laid over them.

    Parameters
    ----------
    config_dir
        The town's folder; a file there takes the place of the shipped one of the same path.
    areas_dir
        Where imported areas are (`DATA/areas`); those of the town's folder come before them.

    Raises
    ------
    OSError
        If a file is there and cannot be read.

    """
    shipped = Path(str(resources.files("config")))
    parts: dict[str, bytes] = {}
    for folder in (shipped, config_dir):
        if folder is None:
            continue
        found = [folder / name for name in SHIPPED] + sorted((folder / "feeds").glob("*.toml"))
        for path in found:
            if path.is_file():
                parts[path.relative_to(folder).as_posix()] = path.read_bytes()
    return parts | _json_files("areas", areas_dir, config_dir)


def _json_files(kind: str, imported: Path | None, config_dir: Path | None) -> dict[str, bytes]:
    """Return the imported files of a kind, with those of the town's folder laid over them."""
    folders = (imported, None if config_dir is None else config_dir / kind)
    return {
        f"{kind}/{path.name}": path.read_bytes()
        for folder in folders
        if folder is not None
        for path in sorted(folder.glob("*.json"))
    }


def manifest_of(parts: dict[str, bytes]) -> bytes:
    """Return a rule set's manifest in canonical JSON; the SHA-256 of these bytes is the rule set's hash."""
    sums = {path: hashlib.sha256(body).hexdigest() for path, body in parts.items()}
    return msgspec.json.encode({"parts": sums}, order="deterministic")


def hash_of(parts: dict[str, bytes]) -> str:
    """Return what a rule set of these files is known by."""
    return hashlib.sha256(manifest_of(parts)).hexdigest()


class RuleStore:
    """Rule sets in a folder (`DATA/rules`, `s3://…`), each file named by the SHA-256 of its bytes; nothing is ever deleted.

    Safe for several processes and threads: a file is written aside and renamed, and the same name has the same bytes.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._compiled: OrderedDict[str, Rules] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, parts: dict[str, bytes]) -> str:
        """Write a rule set, its manifest last, and return its hash.

        Raises
        ------
        OSError
            If the store cannot be written.

        """
        self._fs.makedirs(self._root, exist_ok=True)
        for body in parts.values():
            self._write(body)
        return self._write(manifest_of(parts))

    def get(self, hash: str) -> dict[str, bytes]:  # noqa: A002 - the field's own name
        """Return a rule set's files by path.

        Raises
        ------
        RulesMissingError
            If a file is not there or is damaged.

        """
        manifest = msgspec.json.decode(self._read(hash), type=dict[str, dict[str, str]])
        return {path: self._read(name) for path, name in manifest["parts"].items()}

    def rules_of(self, hash: str) -> Rules:  # noqa: A002 - the field's own name
        """Return the compiled rule set of a hash; the last few are kept.

        Raises
        ------
        RulesMissingError
            If a file is not there or is damaged.
        domain.rules.RulesError
            If it does not compile, which `put` in this version would not have published.

        """
        with self._lock:
            rules = self._compiled.get(hash)
            if rules is None:
                rules = compile_rules(self.get(hash), hash)
                self._compiled[hash] = rules
                if len(self._compiled) > COMPILED_KEPT:
                    self._compiled.popitem(last=False)
            else:
                self._compiled.move_to_end(hash)
            return rules

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _write(self, body: bytes) -> str:
        name = hashlib.sha256(body).hexdigest()
        path = self._path(name)
        if not self._fs.exists(path) or self._fs.size(path) != len(body):
            if isinstance(self._fs, LocalFileSystem):
                write_whole(Path(path), body)
            else:
                self._fs.pipe_file(path, body)  # an object store shows an object whole or not at all
        return name

    def _read(self, name: str) -> bytes:
        try:
            body = self._fs.cat_file(self._path(name))
        except FileNotFoundError as gone:
            raise RulesMissingError(
                f"The rule set's file {name} is not in {self._root}; put it back from the backup of that folder."
            ) from gone
        if hashlib.sha256(body).hexdigest() != name:
            raise RulesMissingError(
                f"The rule set's file {self._path(name)} is damaged; put it back from the backup of that folder."
            )
        return bytes(body)


def write_whole(path: Path, body: bytes) -> None:
    """Write a file aside in the same folder, on to the disk, and rename: fsspec's own way goes over the temporary folder."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
