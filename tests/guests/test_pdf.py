# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
import pytest
from weasyprint.urls import FatalURLFetchingError

from sprechtag.paper.pdf import pdf, qr_image
from sprechtag.paper.sheets_of_hosts import initials


def test_it_works() -> None:
    assert pdf(f'<html lang="en"><title>T</title><img alt="code" src="{qr_image("https://x.example")}">').startswith(
        b"%PDF"
    )


@pytest.mark.parametrize("source", ["file:///etc/hostname", "http://127.0.0.1:9/x.png"])
def test_nothing_is_loaded_from_anywhere(source: str) -> None:
    with pytest.raises(FatalURLFetchingError, match=source):
        pdf(f'<html lang="en"><title>T</title><img alt="x" src="{source}">')


def test_initials_say_little() -> None:
    assert initials("Emre Yılmaz") == "E. Y." and initials("ida-marie berg") == "I. B."
