# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A session as one user: nc_py_api's, with its traps closed.

nc_py_api reads the user when a request is sent, so a shared object acts as the wrong one (39 of 40, measured); it
keeps cookies, and two calls at once over one jar lose the user on the server. So: one object per user and use, never
`set_user`, one call at a time.

It is loaded with the first call, not at the start: 15 MB and a third of a second that no family has to wait for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import Garbled, Rejected, Unreachable, from_status

if TYPE_CHECKING:
    from nc_py_api import AsyncNextcloudApp

# What may be asked again without asking twice for anything: a kept connection may have been closed in between.
LONGEST_ANSWER = 10_000_000
PART = 16_384
_READS = {"GET", "HEAD", "PROPFIND", "REPORT"}


@dataclass(frozen=True)
class Answer:
    """`headers` with lower-case names."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Door:
    """Where Nextcloud is and how the app proves itself. `seconds` is the time limit of one call."""

    url: str
    app_id: str
    app_version: str
    app_secret: str
    seconds: float = 30.0

    @asynccontextmanager
    async def as_user(self, user_id: str) -> AsyncIterator["UserSession"]:
        """Acts as this user; "" acts as the app itself. Nothing is asked of Nextcloud yet."""
        from nc_py_api import AsyncNextcloudApp

        app = AsyncNextcloudApp(
            user=user_id,
            nextcloud_url=self.url,
            app_id=self.app_id,
            app_version=self.app_version,
            app_secret=self.app_secret,
            npa_timeout=self.seconds,
            npa_timeout_dav=self.seconds,
        )
        # Twice: its own limit is for each wait, and a call may be many short ones.
        session = UserSession(user_id, app, 2 * self.seconds)
        try:
            yield session
        finally:
            await session.close()


class UserSession:
    """OCS and DAV as one user, one call after the other."""

    def __init__(self, user_id: str, app: "AsyncNextcloudApp", seconds: float = 60.0) -> None:
        self.user_id = user_id
        self._seconds = seconds
        self._app = app
        self._turn = asyncio.Lock()

    async def ocs(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        files: list[tuple[str, Any]] | None = None,
    ) -> Any:
        """The `data` of an OCS answer, whatever it is. Raises `NextcloudError`."""
        answer = await self.ocs_answer(method, path, params=params, body=body, files=files)
        doing = f"{method} {_kind(path)}"
        if answer.status >= 300:
            raise from_status(doing, answer.status, answer.text, answer.headers.get("retry-after", ""))
        if answer.status == 204:
            return []
        try:
            return json.loads(answer.text)["ocs"]["data"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Garbled(doing, answer.status, answer.text[:200]) from error

    async def ocs_map(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The `data` of an answer that has to hold named values. PHP writes an empty one as a list. Raises
        `NextcloudError`, `Garbled` for anything else."""
        data = await self.ocs(method, path, **more)
        if data == []:
            return {}
        if not isinstance(data, dict):
            raise Garbled(f"{method} {_kind(path)}", 200)
        return data

    async def ocs_list(self, method: str, path: str, **more: Any) -> list[dict[str, Any]]:
        """The `data` of an answer that has to be a list of things with named values; one that PHP has numbered with
        gaps too. Raises `NextcloudError`, `Garbled` for anything else."""
        data = await self.ocs(method, path, **more)
        items = list(data.values()) if isinstance(data, dict) else data
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Garbled(f"{method} {_kind(path)}", 200)
        return items

    async def ocs_answer(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        files: list[tuple[str, Any]] | None = None,
    ) -> Answer:
        """The raw answer of an OCS call, whatever its status. Raises `Unreachable` only."""
        more: dict[str, Any] = {"params": params, "allow_redirects": False}
        if files is not None:
            more["files"] = files
        elif body is not None:
            more["json"] = body
        return await self._send("adapter", method, path, **more)

    async def dav(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: str | bytes = b""
    ) -> Answer:
        """A DAV call below `/remote.php/dav`, whatever its status. Raises `Unreachable` only."""
        data = body.encode() if isinstance(body, str) else body
        return await self._send("adapter_dav", method, path, headers=headers, data=data, allow_redirects=False)

    async def _send(self, adapter: str, method: str, path: str, **more: Any) -> Answer:
        try:
            return await self._send_once(adapter, method, path, **more)
        except Unreachable as error:
            if method not in _READS or not error.broke_off:
                raise
            return await self._send_once(adapter, method, path, **more)

    async def _send_once(self, adapter: str, method: str, path: str, **more: Any) -> Answer:
        from nc_py_api import NextcloudException
        from niquests.exceptions import ConnectionError as NoConnection
        from niquests.exceptions import ConnectTimeout, RequestException

        async with self._turn:
            try:
                session = getattr(self._app._session, adapter)  # noqa: SLF001 - nc_py_api has no public DAV call
                async with asyncio.timeout(self._seconds):
                    response = await session.request(method, path, stream=True, **more)
                    text = await _text(response, f"{method} {_kind(path)}")
            except (NoConnection, ConnectTimeout) as error:
                # A refused connection was not sent; one that broke later may have been.
                refused = _refused(error)
                raise Unreachable(f"{method} {_kind(path)}", sent=not refused, broke_off=not refused) from error
            except (RequestException, NextcloudException, OSError, TimeoutError) as error:
                raise Unreachable(f"{method} {_kind(path)}", sent=True) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code or 0, headers, text)

    async def close(self) -> None:
        for adapter in (self._app._session.adapter, self._app._session.adapter_dav):  # noqa: SLF001
            await adapter.close()


async def _text(response: Any, doing: str) -> str:
    """The whole answer. Raises `Rejected` for one that is longer than all we ask for."""
    body = bytearray()
    async for part in await response.iter_content(PART):
        body += part
        if len(body) > LONGEST_ANSWER:
            await response.close()
            raise Rejected(doing, response.status_code or 0, "too long")
    return body.decode("utf-8", errors="replace")


def _refused(error: Exception) -> bool:
    from niquests.exceptions import ConnectTimeout

    text = repr(error).lower()
    return isinstance(error, ConnectTimeout) or any(
        word in text for word in ("newconnectionerror", "refused", "name resolution", "failed to establish")
    )


def named(data: Any, *names: str) -> dict[str, Any]:
    """What stands below these names; empty where there is nothing, which PHP writes as a list."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _kind(path: str) -> str:
    """The call without ids, tokens and names: fit for logs and for an organiser's eyes."""
    for word in ("/notification", "/spreed/", "/mail/", "/calendars/", "/capabilities", "/cloud/", "/app_api/"):
        if word in path:
            return word.strip("/")
    return "nextcloud"
