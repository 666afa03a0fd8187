# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The wishes that a family has entered."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference import wishes
from ...conference.proof import plain_name
from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer


def write(session: Session, _about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    say = Speaker(to.language, to.zone)
    lines = [f"{host.display_name} · {plain_name(wish.child)}" for wish, host in wishes.of_guest(session, to.guest_id)]
    if not lines:
        return None
    values = {"hosts": "\n".join(lines), "until": say.when(to.closes_at) if to.closes_at else ""}
    onward = to_manage(say, writer.manage_link(to), say("Look at or change your wishes"))
    return notice("wishes", say("Your wishes"), to, [], onward, values)
