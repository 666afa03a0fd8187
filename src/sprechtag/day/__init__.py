# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The conference day: how each appointment goes, who is let in when, what the media servers say, what is wrong."""
