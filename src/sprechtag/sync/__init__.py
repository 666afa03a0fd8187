# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in Nextcloud, one file each, and is kept in step with what stands here.

A booking has a revision; its effects (room, event, mail) record the revision they show (`conference.effects`).
`bookings` brings `talk_room` and `booking_event` up to it; `merged_event` keeps what a host has written into an event
of ours. `calendars` reads, `users` looks at who may do what, `notifications` tells, `call_rooms` is the day's,
`emptying` the end of the retention's, `instance` this Nextcloud itself. All of it are errands (`later`) that may be
repeated at any time."""
