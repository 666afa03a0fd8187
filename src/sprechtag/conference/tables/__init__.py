# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables, one file for each noun. Times are aware and in UTC; SQLite and PostgreSQL hold the same schema."""

from .bookings import Booking, IdempotencyKey
from .budgets import BudgetCount, BudgetHit
from .children import Child, ChildHost, Kin
from .conferences import Conference, Window
from .day import Alarm, DeviceCheck, JoinGate, LiveCall, MediaSample
from .effects import Effect, EffectKind, EventToEmpty, still_to_follow
from .feedback import FeedbackAnswer
from .guests import Guest, GuestHost, GuestMinute, ScreenLink
from .history import Deed, DeedKind
from .hosts import CalendarQuestion, Host, HostMinute, HostPartner
from .instance import AdminSettings, InstanceFact
from .jobs import Job, JobItem, JobKind
from .letters import GuestLetter, LetterKind
from .notifications import NoticeKind
from .papers import PaperJob
from .people import Companion, CompanionKind, Interpreter, InterpreterMinute
from .place import ON_SITE, PLACES, VIDEO, Place
from .slots import Slot
from .strays import StrayEvent
from .team import Deputy, DeputyRole
from .waiting import WaitingEntry
from .wishes import HostWish, WishRun, WishSheet

__all__ = [
    "ON_SITE",
    "PLACES",
    "VIDEO",
    "AdminSettings",
    "Alarm",
    "Booking",
    "BudgetCount",
    "BudgetHit",
    "CalendarQuestion",
    "Child",
    "ChildHost",
    "Companion",
    "CompanionKind",
    "Conference",
    "Deed",
    "DeedKind",
    "Deputy",
    "DeputyRole",
    "DeviceCheck",
    "Effect",
    "EffectKind",
    "EventToEmpty",
    "FeedbackAnswer",
    "Guest",
    "GuestHost",
    "GuestLetter",
    "GuestMinute",
    "Host",
    "HostMinute",
    "HostPartner",
    "HostWish",
    "IdempotencyKey",
    "InstanceFact",
    "Interpreter",
    "InterpreterMinute",
    "Job",
    "JobItem",
    "JobKind",
    "JoinGate",
    "Kin",
    "LetterKind",
    "LiveCall",
    "MediaSample",
    "NoticeKind",
    "PaperJob",
    "Place",
    "ScreenLink",
    "Slot",
    "StrayEvent",
    "WaitingEntry",
    "Window",
    "WishRun",
    "WishSheet",
    "still_to_follow",
]
