# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every command of docs/operations.md, as it stands there, against an app that runs in the stand-in."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import eventually
from operations.admin import app_folder
from town import Event, Town, open_town

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
CONTAINER, VOLUME = "nc_app_sprechtag", "/nc_app_sprechtag_data"
RUN = ["--rm", "--volumes-from", CONTAINER, "--env", f"APP_PERSISTENT_STORAGE={VOLUME}", "--entrypoint"]
OCC = {"app_api:app:update sprechtag"}


def blocks() -> list[tuple[str, str]]:
    """Each block with the heading it stands under."""
    found, heading = [], ""
    for piece in re.finditer(r"^## ([^\n]+)$|^```sh\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL):
        heading = piece[1] or heading
        if piece[2]:
            found.append((heading, piece[2]))
    return found


def test_all_blocks_are_commands_of_a_shell() -> None:
    text = DOCS.read_text()
    assert len(blocks()) >= 7
    assert set(re.findall(r"^```(\w+)", text, re.MULTILINE)) == {"sh"}
    assert not re.search(r"^ {4}\S", text, re.MULTILINE), "a block that no test would see"


def test_every_link_of_the_page_leads_somewhere() -> None:
    text = DOCS.read_text()
    there = {
        re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= there


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


@pytest.fixture(scope="module")
def event(town: Town) -> Event:
    event = town.conference(["t05"])
    family = event.family("anna")
    family.book(family.slots()[0])
    eventually(lambda: town.in_step(event), what="all is in Nextcloud")
    return event


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the admin is: what one block copies there, another uses."""
    return tmp_path_factory.mktemp("admin")


@pytest.mark.parametrize(("heading", "block"), blocks())
def test_it_works_as_it_stands_there(town: Town, event: Event, folder: Path, heading: str, block: str) -> None:
    for line in block.strip().splitlines():
        run(town, folder, line)
    if not town.process:
        town.start(register=False)
    (booking,) = town.bookings(event)
    assert booking["state"] == "active"
    eventually(lambda: town.in_step(event), what=f"all is well after “{heading}”")


def run(town: Town, folder: Path, line: str) -> None:
    storage = str(app_folder(town))
    match shlex.split(line):
        case ["docker", "stop", name]:
            assert name == CONTAINER
            town.stop()
        case ["docker", "start", name]:
            assert name == CONTAINER
            town.start(register=False)
            eventually(lambda: worked_off(town), what="it has looked")
        case ["docker", "cp", source, target]:
            of, to = (part.replace(f"{CONTAINER}:", "").replace(VOLUME, storage) for part in (source, target))
            shutil.copy(folder / of, folder / to)
        case ["docker", "exec", name, *command]:
            assert name == CONTAINER and town.process, "nobody can be let into a container that is stopped"
            shell(town, folder, command)
        case ["docker", "run", *rest]:
            options, program, image = rest[: len(RUN)], rest[len(RUN)], rest[len(RUN) + 1]
            assert options == RUN and image == "IMAGE"
            shell(town, folder, [program, *rest[len(RUN) + 2 :]])
        case ["occ", *command]:
            assert " ".join(command) in OCC
        case other:
            pytest.fail(f"Nobody knows how to run {other}")


def worked_off(town: Town) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "sprechtag", "status"],
        env={**os.environ, **town.environment},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def shell(town: Town, folder: Path, command: list[str]) -> None:
    storage = str(app_folder(town))
    command = [part.replace(VOLUME, storage) for part in command]
    programs = {"sprechtag": [sys.executable, "-m", "sprechtag"], "rm": ["rm"]}
    done = subprocess.run(
        [*programs[command[0]], *command[1:]],
        cwd=folder,
        env={**os.environ, **town.environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
