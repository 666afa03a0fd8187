# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""JSON merge patches (RFC 7396): what has changed between two answers. An answer holds no null, because in a patch it
says that something is gone."""

from typing import Any

Json = dict[str, Any]


def difference(before: Json, after: Json) -> Json:
    """The patch that makes `after` of `before`; empty where they are the same."""
    patch: Json = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if old is value or old == value:
            continue
        patch[name] = difference(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return patch


def shared(before: Json, after: Json) -> Json:
    """`after`, with `before`'s own objects wherever they are equal: many versions take little more room than one, and
    are compared fast."""
    if before == after:
        return before
    return {
        name: shared(before[name], value) if isinstance(value, dict) and isinstance(before.get(name), dict) else value
        for name, value in after.items()
    }
