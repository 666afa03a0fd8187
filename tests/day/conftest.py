# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
import pytest

from conftest import School
from underway import Day, under_way


@pytest.fixture
def day(school: School) -> Day:
    return under_way(school)
