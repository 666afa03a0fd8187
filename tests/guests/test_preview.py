# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who organises looks at a draft's public pages; nobody books there, and families see nothing of it."""

from pathlib import Path

from conftest import KEY
from house import PROXY, open_stage
from sprechtag.conference import organise
from sprechtag.conference.lookup import hosts_of
from sprechtag.conference.tables import Conference
from town import links


async def test_a_draft_is_looked_at_and_nothing_is_booked(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.school.change(state="draft")
        with stage.school.database.write() as session:
            for host in hosts_of(session, session.get_one(Conference, stage.school.conference_id)):
                host.state = "invited" if host.user_id == "t01" else "declined"
        preview = f"{PROXY}sprechtag/s/{organise.preview_token(stage.school.conference(), KEY)}"
        page = await stage.public.get(preview)
        assert page.status_code == 200 and "Das ist eine Vorschau" in page.text
        (host,) = links(page, "/h/")
        times = links(await stage.public.get(host), "/t/")
        form = await stage.public.get(times[0])
        assert form.status_code == 200 and "Das ist eine Vorschau" in form.text
        sent = await stage.public.post(
            times[0],
            data={"key": "k", "place": "on_site", "child": "Mia", "name": "Ada", "email": "ada@post.example"},
        )
        assert sent.status_code == 409 and "Das ist eine Vorschau" in sent.text
        assert (await stage.public.get(f"{PROXY}sprechtag/{stage.share}")).status_code == 404
        stage.school.change(state="published")
        assert (await stage.public.get(preview)).status_code == 404
        assert "Vorschau" not in (await stage.public.get(f"{PROXY}sprechtag/{stage.share}")).text
