# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A links' key that is lost: every link is made anew, and every family gets its own."""

import httpx

from conftest import eventually
from operations.admin import app_folder, sprechtag
from town import open_town, own_link


def test_every_family_gets_a_new_link_and_the_old_ones_are_void() -> None:
    with open_town() as town:
        event = town.conference(["t05"])
        family = event.family("anna")
        family.book(family.slots()[0])
        eventually(lambda: town.in_step(event) and len(town.world.mails) == 1, what="booked")
        assert "Stop it first" in sprechtag(town, "new-key", check=False).stderr
        town.stop()
        key = app_folder(town) / "link.key"
        before = key.read_bytes()
        key.unlink()
        refused = sprechtag(town, "serve", check=False)
        assert refused.returncode == 2 and "docs/operations.md" in refused.stderr

        said = sprechtag(town, "new-key").stdout
        assert "1 families get theirs by mail" in said
        assert key.read_bytes() != before and key.stat().st_mode & 0o777 == 0o600
        town.start(register=False)
        eventually(lambda: len(town.world.mails) == 2, what="the new link is mailed")
        link = own_link(town.world.mails[1].text)
        assert family.get(family.manage).status_code == 404
        opened = httpx.get(link, timeout=30)
        assert opened.status_code == 200 and "Child of anna" in opened.text
        assert event.page(family.browser).status_code == 404
        share = town.api("orga", "GET", event.path)["share_link"]
        assert httpx.get(share, timeout=30).status_code == 200
        # The family is known by its address as before.
        again = family.browser.get(share)
        assert again.status_code == 200 and town.in_step(event)
