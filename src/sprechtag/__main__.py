# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m sprechtag`."""

import sys

from .cli import main

sys.exit(main())
