# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A long list of families is entered by the worker, after the request that brought it."""

import base64
from collections.abc import Iterator

import pytest

from conftest import eventually
from town import Town, open_town


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


def test_a_long_list_is_entered_by_the_worker(town: Town) -> None:
    event = town.conference(["t45"], booking_by="invited")
    rows = "\n".join(f"Familie {n};f{n}@post.example;Kind {n};5a" for n in range(150))
    content = base64.b64encode(f"Familie;E-Mail;Kind;Klasse\n{rows}".encode()).decode()
    done = town.api("orga", "POST", f"{event.path}/families-import", {"name": "f.csv", "content_base64": content})
    assert (done["applied"], done["new"], done["job"]["total"]) == (True, 150, 150)
    eventually(lambda: len(town.api("orga", "GET", f"{event.path}/families")) == 150, what="entered")
    eventually(lambda: town.api("orga", "GET", f"{event.path}/jobs")[0]["finished_at"], what="the job has ended")
