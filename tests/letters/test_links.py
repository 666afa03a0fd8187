# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links in mails are found whole by the programs that make text clickable: these cut off signs such as - and _ at the
end, taking them for punctuation."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from conftest import KEY, NOW, School
from sprechtag.conference.tokens import (
    LinkKey,
    Purpose,
    display_path,
    feed_path,
    feedback_path,
    join_path,
    part_of_path,
    public_id,
    whole,
)
from sprechtag.letters.compose import compose
from sprechtag.letters.kinds import appointments
from sprechtag.letters.letter import Instead
from sprechtag.letters.writer import Writer

BASE = "https://nc.example/index.php/apps/app_api/proxy/sprechtag"
PURPOSES: tuple[Purpose, ...] = ("share", "manage", "screen", "join", "feed", "feedback", "display", "callback")
ids = st.text("abcXYZ019-_", min_size=1, max_size=16)
keys = st.binary(min_size=32, max_size=64).map(LinkKey)


def found_in(text: str) -> set[str]:
    """As a mail program finds links in plain text."""
    return {re.sub(r"[^A-Za-z0-9/]+$", "", link) for link in re.findall(r"https?://[^\s<>\"]+", text)}


@given(keys, ids, st.integers(1, 99))
def test_every_token_ends_in_a_letter_or_digit(links: LinkKey, owner: str, generation: int) -> None:
    """160 bits are 26 signs and two thirds: the last is one of 16, neither - nor _. Links that families hold stay."""
    for purpose in PURPOSES:
        token = links.token(purpose, owner, generation)
        assert len(token) == 27 and token[-1] in "AEIMQUYcgkosw048"


@given(keys, ids, st.integers(1, 99))
def test_every_path_ends_in_a_letter_or_digit(links: LinkKey, owner: str, generation: int) -> None:
    paths = (
        feed_path(links, owner, generation),
        join_path(links, owner, generation),
        display_path(links, owner, generation),
        feedback_path(links, owner),
    )
    assert all(path[-1].isalnum() for path in paths)


def test_new_ids_end_in_a_letter_or_digit() -> None:
    made = [public_id() for _ in range(2000)]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{15}[A-Za-z0-9]", one) for one in made) and len(set(made)) == 2000


@given(ids, st.text(max_size=20))
def test_a_link_made_whole_leads_to_the_same_page(one: str, part: str) -> None:
    for link in (f"{BASE}/m/token/h/{one}", f"{BASE}/d/x/token/{part_of_path(part)}"):
        assert found_in(f"Here: {whole(link)}.") == {whole(link)}
        assert whole(link).partition("#")[0] == link


def test_all_links_of_a_letter_are_found_whole(school: School) -> None:
    """An id of an older version may end in any sign."""
    writer = Writer(KEY, BASE, NOW)
    view = school.book(school.slots()[0], "a", place="on_site")
    for host in ("abcdefghijklmno-", "abcdefghijklmno_", "abcdefghijklmnop"):
        shown = writer.for_family(replace(view, place="video", talk_link="https://nc.example/call/abc_"))
        free = Instead("Teacher", [view.starts_at], writer.host_link(view, host))
        letter = compose([(shown, False)], [], writer.manage_link(view), [free])
        real = set(re.findall(r'href="([^"]+)"', letter.html))
        assert len(real) == 3 and found_in(letter.text) == real
        assert f"/h/{host}" in letter.text


def test_free_times_instead_are_linked_so(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    school.desk.cancel(view.id, by_guest=False)
    with school.database.read() as session:
        (one,) = appointments.instead(session, [(school.view(view.id), True)], Writer(KEY, BASE, NOW))
    assert found_in(one.link) == {one.link}
