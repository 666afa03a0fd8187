# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an admin does on a shell: back up, restore, ask how it goes, make a new links' key."""
