# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup's file: a tar with the database, the links' key and a manifest that says what it is. Never half a file."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from .errors import NotDone

FORMAT = 1
MANIFEST, LINK_KEY = "manifest.json", "link.key"
DATABASES = {"sqlite": "sprechtag.sqlite", "postgresql": "sprechtag.pgdump"}
LONGEST_MANIFEST = 100_000
DAMAGED = "{path} is damaged or no backup of Sprechtag ({why}). Nothing was changed; take another one."
PIECE = 1 << 20


@dataclass(frozen=True)
class Part:
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`schema` is the database's revision, `at` (UTC) when it was as it is in there. `link_key` says where the app had
    the key from: `file` (it is in there) or `environment` (it is not)."""

    format: int
    app: str
    database: str
    schema: str
    at: datetime
    counts: Mapping[str, int]
    link_key: str
    parts: Mapping[str, Part] = field(default_factory=dict)

    def text(self) -> str:
        return json.dumps(asdict(self) | {"at": self.at.isoformat()}, indent=1) + "\n"

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """Raises `ValueError`, `KeyError` or `TypeError` for what is none."""
        said = json.loads(text)
        if not isinstance(said, dict) or not isinstance(said["format"], int):
            raise TypeError
        said["at"] = datetime.fromisoformat(said["at"]).astimezone(UTC)
        said["parts"] = {str(name): Part(int(one["size"]), str(one["sha256"])) for name, one in said["parts"].items()}
        known = {name: said[name] for name in cls.__dataclass_fields__}
        return cls(**known)


@contextmanager
def work_folder(beside: Path) -> Iterator[Path]:
    """A folder for us alone on the disk of `beside`, gone afterwards whatever happens; what a killed process has left
    goes too."""
    prefix = f".{beside.name}.work-"
    for left in beside.parent.glob(f"{prefix}*"):
        with contextlib.suppress(OSError), _locked(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=beside.parent))
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Raises `BlockingIOError` while another process has it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def write(path: Path, folder: Path, manifest: Manifest, parts: Mapping[str, Path]) -> Manifest:
    """Makes the archive in `folder` and moves it to `path` when it is whole and on the disk; returns the manifest with
    the parts in it. `OSError` leaves nothing behind."""
    whole = Manifest(**{**vars(manifest), "parts": {name: _measure(file) for name, file in parts.items()}})
    made, said = folder / "backup.tar", folder / MANIFEST
    said.write_text(whole.text())
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, part in {MANIFEST: said, **parts}.items():
                tar.add(part, arcname=name, filter=_nobodys)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
    sync_folder(path.parent)
    return whole


def _nobodys(one: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the user's name and number."""
    one.uid = one.gid = 0
    one.uname = one.gname = ""
    one.mode = 0o600
    return one


def _measure(file: Path) -> Part:
    with file.open("rb") as stream:
        return Part(file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def sync_folder(folder: Path) -> None:
    """Has the disk know which names stand there."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every file system can
            os.fsync(handle)
    finally:
        os.close(handle)


def check(path: Path) -> Manifest:
    """What a backup says of itself, once every part of it was compared with that. Raises `NotDone`."""
    with _opened(path) as (tar, manifest):
        for name in manifest.parts:
            _copy(path, tar, manifest, name, None)
    return manifest


def unpack(path: Path, folder: Path) -> Manifest:
    """The same, and puts the parts into `folder`."""
    with _opened(path) as (tar, manifest):
        for name in manifest.parts:
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                _copy(path, tar, manifest, name, file)
                file.flush()
                os.fsync(file.fileno())
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    if not path.is_file():
        raise NotDone(f"There is no file {path}.")
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar, _manifest(path, tar)
    except (tarfile.TarError, EOFError) as error:
        raise NotDone(DAMAGED.format(path=path, why="it is no whole tar")) from error


def _manifest(path: Path, tar: tarfile.TarFile) -> Manifest:
    try:
        stream = tar.extractfile(MANIFEST)
        manifest = Manifest.read(stream.read(LONGEST_MANIFEST) if stream else b"")
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise NotDone(DAMAGED.format(path=path, why="its manifest is missing or cannot be read")) from error
    if manifest.format > FORMAT:
        raise NotDone(f"{path} was made by a newer Sprechtag ({manifest.app}). Update first; nothing was changed.")
    wanted = {DATABASES.get(manifest.database, ""), *([LINK_KEY] if manifest.link_key == "file" else [])}
    if set(manifest.parts) != wanted:
        raise NotDone(DAMAGED.format(path=path, why="parts are missing"))
    return manifest


def _copy(path: Path, tar: tarfile.TarFile, manifest: Manifest, name: str, into: IO[bytes] | None) -> None:
    try:
        stream: Any = tar.extractfile(name)
    except KeyError:
        stream = None
    if stream is None:
        raise NotDone(DAMAGED.format(path=path, why=f"{name} is missing"))
    digest = hashlib.sha256()
    while piece := stream.read(PIECE):
        digest.update(piece)
        if into:
            into.write(piece)
    if digest.hexdigest() != manifest.parts[name].sha256:
        raise NotDone(DAMAGED.format(path=path, why=f"{name} is not what it was"))
