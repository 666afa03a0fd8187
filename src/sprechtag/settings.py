# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The environment, typed. AppAPI sets the first group, an admin the second (`SPRECHTAG_…`)."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from . import __version__, addresses

ADMIN_FIELDS = (
    "organiser_groups",
    "enrolled_groups",
    "mail_channel",
    "smtp_host",
    "smtp_port",
    "smtp_user",
    "smtp_password",
    "smtp_security",
    "smtp_from",
    "retention_days",
    "public_url",
    "languages",
    "media",
)
"""What Nextcloud's admin may set in the page, where the environment does not."""


OWN_FILES = ("*.sqlite", "*.sqlite-wal", "*.sqlite-shm", "*.sqlite-journal", "link.key", "*.before-restore-*", "*.lock")
"""What stands in the storage and is nobody else's business."""
FORMER_QUEUE = "work.sqlite*"
"""What versions until 0.1 kept beside the database; what was pending stands in the database too."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SPRECHTAG_", env_ignore_empty=True, populate_by_name=True)

    app_id: str = Field(default="sprechtag", validation_alias="APP_ID")
    app_version: str = Field(default=__version__, validation_alias="APP_VERSION")
    app_secret: str = Field(default="", validation_alias="APP_SECRET")
    app_host: str = Field(default="127.0.0.1", validation_alias="APP_HOST")
    app_port: int = Field(default=9031, validation_alias="APP_PORT")
    nextcloud_url: str = Field(default="", validation_alias="NEXTCLOUD_URL")
    persistent_storage: Path = Field(default=Path("var"), validation_alias="APP_PERSISTENT_STORAGE")
    harp_shared_key: str = Field(default="", validation_alias="HP_SHARED_KEY")

    database_url: str = ""
    link_key: str = ""
    public_url: str = ""
    trusted_proxies: str = ""
    visitor_header: str = Field(default="x-forwarded-for", pattern=r"^[A-Za-z0-9-]+$")
    workers: int = Field(default=1, ge=1, le=32)
    page_seconds: float = Field(default=2.0, gt=0)
    max_in_flight: int = Field(default=40, ge=1)
    families_per_address: int = Field(default=400, ge=1)
    mail_channel: Literal["auto", "smtp", "mail-app", "calendar"] = "auto"
    mail_app_calls: int = Field(default=5, ge=1)
    mail_app_seconds: float = Field(default=100.0, gt=0)
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_from: str = ""
    organiser_groups: str = ""
    organise_open: bool = False
    enrolled_groups: str = ""
    languages: str = ""
    media: dict[str, Any] = Field(default_factory=dict)
    retention_days: int = Field(default=30, ge=1, le=3650)
    nextcloud_seconds: float = Field(default=30.0, gt=0)
    pace: float = Field(default=1.0, gt=0)
    retry_seconds: float = Field(default=5.0, gt=0)
    calendar_seconds: float = Field(default=600.0, gt=0)
    longest_retry_seconds: float = Field(default=120.0, gt=0)
    sync: bool = True
    frontend: Path = Path(__file__).resolve().parents[2] / "ex_app"

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        addresses.networks(text)
        return text

    def with_admins(self, values: dict[str, Any]) -> "Settings":
        """The same with what the admin has set in the page; what the environment says stays."""
        allowed = {name: value for name, value in values.items() if name in ADMIN_FIELDS}
        return self.model_copy(update={name: allowed[name] for name in allowed if name not in self.model_fields_set})

    def names(self, field: str) -> list[str]:
        """A comma-separated setting as a list."""
        return [name.strip() for name in getattr(self, field).split(",") if name.strip()]

    @property
    def behind_harp(self) -> bool:
        """Whether HaRP is in front and AppAPI has told its shared key. Where HaRP reaches the app directly (direct
        connect, Kubernetes) it tells none."""
        return bool(self.harp_shared_key)

    @property
    def database(self) -> str:
        """SQLAlchemy's URL. A plain `postgresql://` is read as psycopg 3."""
        if not self.database_url:
            return f"sqlite:///{self.persistent_storage.absolute() / 'sprechtag.sqlite'}"
        for scheme in ("postgres://", "postgresql://"):
            if self.database_url.startswith(scheme):
                return self.database_url.replace(scheme, "postgresql+psycopg://", 1)
        return self.database_url

    @property
    def database_file(self) -> Path | None:
        """SQLite's file; None with PostgreSQL."""
        return Path(self.database.removeprefix("sqlite:///")) if self.database.startswith("sqlite") else None

    def close_to_others(self) -> None:
        """Makes the storage's folder, and lets nobody but this user into it nor read what stands there, whatever an
        older version has left. A folder that is not ours stays as it is."""
        folder = self.persistent_storage
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = [path for pattern in OWN_FILES for path in folder.glob(pattern) if path.is_file()]
        for path in folder.glob(FORMER_QUEUE):
            with suppress(OSError):
                path.unlink()
        for path, mode in [(folder, 0o700), *((file, 0o600) for file in files)]:
            with suppress(OSError):
                path.chmod(mode)

    def read_link_key(self) -> bytes:
        """The key all links are made with: from the environment, else from a file made at the first start. Empty where
        the file is."""
        if self.link_key:
            return self.link_key.encode()
        path = self.link_key_file
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        return path.read_bytes()

    @property
    def link_key_file(self) -> Path:
        return self.persistent_storage / "link.key"
