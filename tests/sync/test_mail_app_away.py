# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Mail app is updated: for some seconds it is not there. No mail goes by another way, or by none."""

import time

from conftest import eventually
from sprechtag.sandbox.world import Fault
from town import open_town


def test_mails_wait_for_a_mail_app_that_is_not_there_just_now() -> None:
    with open_town(mail="none", SPRECHTAG_MAIL_APP_SECONDS="3", SPRECHTAG_PACE="0.01") as town:
        town.world.users["orga"].mail_account = True
        town.world.mail_window = (5, 3.0)
        event = town.conference(["t20"])
        town.use_mail_app(event)
        town.world.faults.append(Fault(r"apps/mail/", "status", 404))
        for number in range(4):
            event.family(f"waits{number}").book()
        time.sleep(12)  # the organiser is looked at again every six seconds here
        assert not town.world.mails
        assert not any(
            one["state"] == "done" for b in town.bookings(event) for one in b["effects"] if one["kind"] == "mail"
        )
        town.world.faults.clear()
        eventually(lambda: town.in_step(event), what="all is told")
        assert len({mail.to for mail in town.world.mails}) == 4 == len(town.world.mails)
