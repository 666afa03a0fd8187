# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What may be written down."""


def kind_of(error: BaseException) -> dict[str, str]:
    """What may be written down of an error: its kind and where in our code it arose, not what it says."""
    where = ""
    trace = error.__traceback__
    while trace:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if str(name).startswith(__package__ or "sprechtag"):
            where = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return {"error": type(error).__name__, "at": where}
