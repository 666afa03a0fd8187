# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where an appointment takes place."""

from typing import Literal

Place = Literal["on_site", "video"]
PLACES: tuple[Place, ...] = ("on_site", "video")
ON_SITE: Place = "on_site"
VIDEO: Place = "video"
