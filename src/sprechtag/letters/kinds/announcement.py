# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the organiser writes to all or some families."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ..compose import announcement
from ..letter import Letter
from ..writer import Writer


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter:
    return announcement(about["subject"], about["text"], to, writer.views(session, to), writer.manage_link(to))
