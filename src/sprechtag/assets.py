# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files that the page inside Nextcloud loads: built scripts and styles, images."""

import gzip
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

from .gate import Caller

FOLDERS = ("js", "css", "img")
_MEDIA = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".map": "application/json",
}
_PACKED_ALREADY = ".png"
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.[a-z]+$")
LASTING = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """One folder, also one that was never built. The ETag is of what a file holds: a file's time, of which Starlette
    makes it, is another one in each new container."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)
        self.config_checked = True

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            return Response("Not found.", error.status_code, {"Cache-Control": "no-store"})

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        # Packing takes a while the first time; this, unlike file_response, runs in a worker thread.
        full_path, found = super().lookup_path(path)
        if found and stat.S_ISREG(found.st_mode):
            _file(full_path, found.st_mtime_ns)
        return full_path, found

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        asked, path = Headers(scope=scope), Path(full_path)
        file = _file(str(full_path), stat_result.st_mtime_ns)
        caller: Caller = scope["caller"]
        packed = caller.unpacks and "gzip" in asked.get("accept-encoding", "") and file.packed is not None
        headers = {
            # A name with a hash in it never changes what it holds; the others are asked for again each time.
            "Cache-Control": LASTING if _HASHED.search(path.name) else "no-cache",
            "ETag": f'"{file.digest}{"-gzip" if packed else ""}"',
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        if packed:
            headers["Content-Encoding"] = "gzip"
        body = file.packed if packed else file.body
        response = Response(body, status_code, headers, _MEDIA.get(path.suffix, "application/octet-stream"))
        return NotModifiedResponse(response.headers) if self.is_not_modified(response.headers, asked) else response


@dataclass(frozen=True)
class _File:
    body: bytes
    packed: bytes | None
    digest: str


@lru_cache(maxsize=64)
def _file(path: str, _changed: int) -> _File:
    body = Path(path).read_bytes()
    packed = None if path.endswith(_PACKED_ALREADY) else gzip.compress(body, 9)
    return _File(body, packed, hashlib.sha256(body).hexdigest()[:20])
