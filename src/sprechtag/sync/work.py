# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The durable work: DBOS queues on the same kind of database as ours.

Only the database's own record says what is due; a queue entry is a call to look at one booking, guest or host. Its id
is made of what is due (`booking-h4kP…-r3-calendar0`; public ids, because SQLite gives the row ids of deleted rows out
again), so the same call is never queued twice, whichever process makes it. A
sweeper makes the calls: right after a change, because it is woken, and every second for what waited or was left by
a crash. So a booking request pays nothing for the queue, and nothing depends on a message that could be lost."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, Queue, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from ..conference.jobs import DueMessage
from ..conference.letters import DueLetter
from ..database import Busy
from ..logs import kind_of
from ..settings import Settings
from .assigning import Assigning
from .emptying import Emptying
from .follower import Follower
from .ledger import LONGEST_UNEXPECTED, Due, Ledger, unexpected
from .papers import Papers
from .post import Post
from .today import Today
from .watch import Watch

log = structlog.get_logger()

APPLICATION_VERSION = "1"
"""DBOS takes up pending work of the same version only, and by default a version is a hash of the code: after an upgrade
nothing would be taken up again (measured). Raise it only with a migration of what is pending."""

BOOKINGS, MAILS, MAIL_APP, CHECKS = "bookings", "mails", "mail-app", "checks"
LONG, PAPER, READINGS = "long", "paper", "readings"
STUCK_SECONDS = 60.0
LEARN_EVERY, LEARN_SOON = 600, 10
"""Soon while mails would hold no link, or one that leads the way of a former daemon."""
RELAYS_EVERY = 20
HOUSEKEEPING_SECONDS = 3600.0
RELEASE_SECONDS = 10.0
WRITE_SECONDS = 5.0
MAIL_APP_MARGIN = 1.5
WAITING_SECONDS = 30.0
"""Before it is asked again whether what waited is through."""
GATHERING_SECONDS = 0.1
"""In a rush every booking wakes the sweeper; so many of them share one sweep."""
BUSY_POLL, IDLE_POLL, QUIET_SWEEPS = 0.2, 1.0, 30
"""Seconds between two looks into a queue while something waits for its effects, and once nothing did for a time.
Most of what an idle app costs are these looks."""
DONE_KEPT = timedelta(days=1)
FORGOTTEN_AT_ONCE, MOST_FORGOTTEN = 500, 20_000
ENDED = {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}

_follower: Follower | None = None
_watch: Watch | None = None
_post: Post | None = None
_assigning: Assigning | None = None
_papers: Papers | None = None
_today: Today | None = None
_emptying: Emptying | None = None


def _always() -> bool:
    return True


_enabled: Callable[[], bool] = _always


def _ready() -> Follower | None:
    """DBOS calls plain functions by name after a restart, so what they work with hangs on the module."""
    return _follower if _enabled() else None


@DBOS.workflow(name="follow_booking")
async def _follow_booking(booking_id: int) -> None:
    if follower := _ready():
        await follower.follow_booking(booking_id)
        _woken.set()


@DBOS.workflow(name="follow_mail")
async def _follow_mail(guest_id: int) -> None:
    if follower := _ready():
        await follower.follow_mail(guest_id)


@DBOS.workflow(name="run_job")
async def _run_job(job_id: int) -> None:
    if follower := _ready():
        await follower.run_job(job_id)
        _woken.set()


@DBOS.workflow(name="send_message")
async def _send_message(job_id: int, guest_id: int) -> None:
    if (post := _post) and _enabled():
        await post.send_message(job_id, guest_id)
        _woken.set()


@DBOS.workflow(name="send_letter")
async def _send_letter(letter_id: int) -> None:
    if (post := _post) and _enabled():
        await post.send_letter(letter_id)
        _woken.set()


@DBOS.workflow(name="assign_wishes")
async def _assign_wishes(run_id: int) -> None:
    if (assigning := _assigning) and _enabled():
        await assigning.run(run_id)
        _woken.set()


@DBOS.workflow(name="print_paper")
async def _print_paper(job_id: int) -> None:
    if (papers := _papers) and _enabled():
        await papers.make(job_id)
        _woken.set()


@DBOS.workflow(name="check_host")
async def _check_host(host_id: int) -> None:
    if follower := _ready():
        await follower.check_host(host_id)


@DBOS.workflow(name="check_organiser")
async def _check_organiser(user_id: str) -> None:
    if follower := _ready():
        await follower.check_organiser(user_id)


@DBOS.workflow(name="learn_instance")
async def _learn_instance() -> None:
    if follower := _ready():
        await follower.learn_instance()
        if today := _today:
            await today.keep_bot()


@DBOS.workflow(name="hear_of_calendars")
async def _hear_of_calendars() -> None:
    if (watch := _watch) and _enabled():
        await watch.hear_of_calendars()


@DBOS.workflow(name="read_calendar")
async def _read_calendar(host_id: int) -> None:
    if (watch := _watch) and _enabled():
        await watch.read_calendar(host_id)
        _woken.set()


@DBOS.workflow(name="check_person")
async def _check_person(user_id: str) -> None:
    if (watch := _watch) and _enabled():
        await watch.check_person(user_id)


@DBOS.workflow(name="send_notice")
async def _send_notice(notice_id: int, due: int) -> None:
    if (watch := _watch) and _enabled():
        await watch.send_notice(notice_id, due)
        _woken.set()


@DBOS.workflow(name="check_room")
async def _check_room(booking_id: int) -> None:
    if (today := _today) and _enabled():
        await today.check_room(booking_id)


@DBOS.workflow(name="learn_relays")
async def _learn_relays() -> None:
    if (today := _today) and _enabled():
        await today.learn_relays()


@DBOS.workflow(name="prepare_rehearsal")
async def _prepare_rehearsal(conference_id: int) -> None:
    if (today := _today) and (follower := _ready()):
        await today.prepare_rehearsal(conference_id, follower.nextcloud_base())


@DBOS.workflow(name="empty_events")
async def _empty_events(first_id: int) -> None:
    if (emptying := _emptying) and _enabled():
        await emptying.empty(first_id)


@DBOS.workflow(name="send_test_mail")
async def _send_test_mail() -> None:
    if watch := _watch:
        await watch.send_test_mail()


_woken = threading.Event()


def _forget_done() -> None:
    """DBOS keeps what is done for ever, and names of calls hold user ids: what is older than a day goes."""
    before = (datetime.now(UTC) - DONE_KEPT).isoformat()
    for _ in range(MOST_FORGOTTEN // FORGOTTEN_AT_ONCE):
        done = DBOS.list_workflows(
            end_time=before, status=sorted(ENDED), limit=FORGOTTEN_AT_ONCE, load_input=False, load_output=False
        )
        if not done:
            return
        DBOS.delete_workflows([one.workflow_id for one in done])


class Work:
    """Starts and stops the durable work of one process. `executor` names the process: the same after a restart."""

    def __init__(
        self,
        settings: Settings,
        follower: Follower,
        watch: Watch,
        post: Post,
        assigning: Assigning,
        papers: Papers,
        today: Today,
        ledger: Ledger,
        enabled: Callable[[], bool],
        executor: str,
        housekeeping: Callable[[], None],
        release: Callable[[], object],
        emptying: Emptying,
    ) -> None:
        global _follower, _watch, _post, _assigning, _papers, _today, _enabled, _emptying
        _follower, _watch, _post, _enabled = follower, watch, post, enabled
        _assigning, _papers, _today, _emptying = assigning, papers, today, emptying
        self._settings = settings
        self._follower = follower
        self._watch = watch
        self._post = post
        self._assigning = assigning
        self._papers = papers
        self._today = today
        self._release = release
        self._emptying = emptying
        self._relays_asked = 0
        self._released_at = self._written_at = float("-inf")
        self._ledger = ledger
        self._executor = executor
        self._housekeeping = housekeeping
        self._tidied_at = float("-inf")
        self._queued: OrderedDict[str, float] = OrderedDict()
        self._waits: dict[str, float] = {}
        self._paced: list[Queue] = []
        self._poll = min(BUSY_POLL, settings.sweep_seconds)
        self._busy_at = time.monotonic()
        self._stopping = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep_on, name="sweeper", daemon=True)

    def start(self) -> None:
        """Launches DBOS, which takes up what a crash left, and the sweeper."""
        config: DBOSConfig = {
            "name": "sprechtag",
            "system_database_url": self._settings.work_database,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._executor,
            "enable_otlp": False,
            "log_level": "WARNING",
        }
        DBOS(config=config)
        DBOS.launch()
        poll = self._poll
        self._paced = [
            DBOS.register_queue(BOOKINGS, partition_concurrency=1, worker_concurrency=8, polling_interval_sec=poll),
            DBOS.register_queue(MAILS, partition_concurrency=1, worker_concurrency=4, polling_interval_sec=poll),
            DBOS.register_queue(CHECKS, worker_concurrency=4, polling_interval_sec=poll),
            DBOS.register_queue(READINGS, worker_concurrency=3, polling_interval_sec=poll),
        ]
        DBOS.register_queue(
            MAIL_APP,
            partition_concurrency=1,
            partition_limiter={
                "limit": self._settings.mail_app_calls,
                # A little longer than Mail's own window: it counts arrivals, the queue counts starts.
                "period": self._settings.mail_app_seconds + MAIL_APP_MARGIN,
            },
            worker_concurrency=4,
            polling_interval_sec=0.5,
        )
        for queue in (LONG, PAPER):
            DBOS.register_queue(queue, worker_concurrency=1, polling_interval_sec=1.0)
        self._sweeper.start()

    def stop(self) -> None:
        self._stopping.set()
        _woken.set()
        if self._sweeper.is_alive():
            self._sweeper.join(timeout=5)
        DBOS.destroy(workflow_completion_timeout_sec=2)

    def wake(self, _booking_id: int = 0) -> None:
        """Something has changed: look now."""
        _woken.set()

    def _sweep_on(self) -> None:
        while not self._stopping.is_set():
            if _woken.wait(self._settings.sweep_seconds):
                self._stopping.wait(GATHERING_SECONDS)
            _woken.clear()
            if self._stopping.is_set():
                return
            self._tidy()
            self._do("sweep", self._sweep_if_enabled)

    def _sweep_if_enabled(self) -> None:
        if _enabled():
            self.sweep()

    def _do(self, what: str, call: Callable[[], object]) -> None:
        """One of several things that this thread does: it must outlive whatever goes wrong in one of them."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("not done", what=what, **kind_of(error))
            self._stopping.wait(self._settings.sweep_seconds)

    def _tidy(self) -> None:
        """Now and then, and when the process starts: old data go, slots held for nothing are free again."""
        now = time.monotonic()
        if now - self._tidied_at > HOUSEKEEPING_SECONDS:
            self._tidied_at = now
            self._do("housekeeping", self._housekeeping)
            self._do("forget what is done", _forget_done)
        if now - self._released_at > RELEASE_SECONDS:
            self._released_at = now
            self._do("release", self._release)
        if now - self._written_at > min(WRITE_SECONDS, 5 * self._settings.sweep_seconds):
            self._written_at = now
            self._do("write what is due", self._post.write_due)
            self._do("tell organisers", self._today.tell_organisers)

    def sweep(self) -> None:
        """Queues a call for everything that is due. Safe in several processes at once."""
        now = self._follower.now()
        self._check(int(now.timestamp()))
        by_booking: dict[int, list[Due]] = {}
        appointments = self._ledger.due(now)
        letters, messages = self._post.due_letters(), self._post.due_messages()
        self._keep_pace(bool(appointments or letters or messages))
        for due in appointments:
            if due.kind == "mail":
                self._queue_mail_or_note(due)
            else:
                by_booking.setdefault(due.booking_id, []).append(due)
        self._queue_post(letters, messages)
        for dues in by_booking.values():
            first = dues[0]
            tries = "-".join(f"{due.kind}{due.attempts}" for due in sorted(dues, key=lambda due: due.kind))
            call_id = f"booking-{first.public_id}-r{first.revision}-{tries}"
            self._queue(call_id, BOOKINGS, first.host_user_id, _follow_booking, first.booking_id, dues=dues)

    def _keep_pace(self, busy: bool) -> None:
        """The queues read how often to look before each look, from the database: several processes share it."""
        now = time.monotonic()
        self._busy_at = now if busy else self._busy_at
        quiet = now - self._busy_at > QUIET_SWEEPS * self._settings.sweep_seconds
        poll = min(IDLE_POLL if quiet else BUSY_POLL, self._settings.sweep_seconds)
        if poll != self._poll:
            for queue in self._paced:
                queue.set_polling_interval_sec(poll)
            self._poll = poll

    def _queue_post(self, letters: Sequence[DueLetter], messages: Sequence[DueMessage]) -> None:
        """After the mails about appointments: they share a channel's pace, and those matter more."""
        for letter in letters:
            call_id = f"letter-{letter.public_id}-a{letter.attempts}"
            self._queue_to_family(call_id, letter.organiser_id, letter.guest_id, _send_letter, letter.id)
        for due in messages:
            call_id = f"message-{due.job_public_id}-{due.guest_id}-a{due.attempts}"
            self._queue_to_family(call_id, due.organiser_id, due.guest_id, _send_message, due.job_id, due.guest_id)

    def _queue_to_family(
        self,
        call_id: str,
        organiser_id: str,
        guest_id: int,
        call: Callable[..., Any],
        *arguments: int,
        dues: Sequence[Due] = (),
    ) -> None:
        if self._follower.channel(organiser_id).name == "mail-app":
            self._queue(call_id, MAIL_APP, organiser_id, call, *arguments, dues=dues)
        else:
            self._queue(call_id, MAILS, f"guest-{guest_id}", call, *arguments, dues=dues)

    def _queue_mail_or_note(self, due: Due) -> None:
        """One mail that cannot even be looked at does not keep the others back."""
        try:
            self._queue_mail(due)
        except (Busy, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 - see above
            reason, longest = unexpected(error), LONGEST_UNEXPECTED
            self._ledger.failed(due.booking_id, "mail", reason, self._follower.now(), longest=longest)

    def _queue_mail(self, due: Due) -> None:
        call_id = f"mail-{due.public_id}-r{due.revision}-a{due.attempts}"
        if self._is_queued(call_id, [due]):
            return
        state = self._ledger.state(due.booking_id, "mail")
        if not self._follower.mail_is_due(state) or not self._follower.family_is_ready(due.guest_id):
            return
        self._queue_to_family(call_id, state.view.organiser_id, due.guest_id, _follow_mail, due.guest_id, dues=[due])

    def _check(self, epoch: int) -> None:
        """What is looked at now and then. Of each there is at most one call that waits or runs, in all processes."""
        often = max(1, min(5, int(self._settings.calendar_seconds)))
        known = self._follower.knows_its_address()
        self._look("instance", epoch, LEARN_EVERY if known else LEARN_SOON, _learn_instance)
        for user_id in self._follower.organisers():
            self._look(f"organiser-{user_id}", epoch, LEARN_EVERY, _check_organiser, user_id)
        for job_id in self._follower.jobs_to_run():
            # Asked for anew every half minute, should the process that had it be gone; two at once do no harm.
            self._look(f"job-{job_id}", epoch, 30, _run_job, job_id)
        for run_id, name in self._assigning.due():
            self._queue(f"assign-{run_id}-{name}", LONG, "", _assign_wishes, run_id)
        for job_id, name in self._papers.due():
            self._queue(f"paper-{job_id}-{name}", PAPER, "", _print_paper, job_id)
        for host_id in self._follower.hosts_to_check():
            self._look(f"host-{host_id}", epoch, 30, _check_host, host_id)
        self._look("webhooks", epoch, 10, _hear_of_calendars)
        for user_id in self._watch.people_to_check():
            self._look(f"person-{user_id}", epoch, 5, _check_person, user_id)
        for notice_id, due in self._watch.due_notices():
            self._queue(f"notice-{notice_id}-{due}", CHECKS, "", _send_notice, notice_id, due)
        if asked := self._watch.test_mail_due():
            self._queue(f"test-mail-{asked}", CHECKS, "", _send_test_mail)
        for booking_id in self._today.rooms_to_check():
            self._look(f"room-{booking_id}", epoch, 15, _check_room, booking_id)
        for conference_id in self._today.rehearsals_to_prepare():
            self._look(f"rehearsal-{conference_id}", epoch, 10, _prepare_rehearsal, conference_id)
        turn = epoch // RELAYS_EVERY
        if turn != self._relays_asked and self._today.relays_are_old():
            self._look("relays", epoch, RELAYS_EVERY, _learn_relays)
        self._relays_asked = turn
        for first_id, tries in self._emptying.due():
            self._look(f"empty-{first_id}-{tries}", epoch, 60, _empty_events, first_id)
        for host_id in self._watch.calendars_to_read():
            self._look(f"calendar-{host_id}", epoch, often, _read_calendar, host_id, queue=READINGS)

    def _look(
        self, name: str, epoch: int, every: int, call: Callable[..., Any], *arguments: Any, queue: str = CHECKS
    ) -> None:
        """Asks for a look at something, at most once in `every` seconds, and not while an earlier one waits or runs:
        while Nextcloud hangs, a new one every five seconds would only stand before everything else."""
        call_id = f"{name}-{epoch // every}"
        if call_id in self._queued or time.monotonic() < self._waits.get(name, 0.0):
            return
        try:
            self._queue(call_id, queue, "", call, *arguments, once=name)
            self._waits.pop(name, None)
        except dbos_error.DBOSQueueDeduplicatedError:
            self._waits[name] = time.monotonic() + min(WAITING_SECONDS, 30 * self._settings.sweep_seconds)

    def _queue(
        self,
        call_id: str,
        queue: str,
        partition: str,
        call: Callable[..., Any],
        *arguments: Any,
        dues: Sequence[Due] = (),
        once: str = "",
    ) -> None:
        """Raises `DBOSQueueDeduplicatedError` while another call of the same `once` waits or runs."""
        if self._is_queued(call_id, dues):
            return
        options = {"queue_partition_key": partition} if partition else {}
        options |= {"deduplication_id": once} if once else {}
        with SetWorkflowID(call_id), SetEnqueueOptions(**options):  # type: ignore[arg-type]
            DBOS.enqueue_workflow(queue, call, *arguments)
        self._queued[call_id] = time.monotonic()
        while len(self._queued) > 20_000:
            self._queued.popitem(last=False)

    def _is_queued(self, call_id: str, dues: Sequence[Due]) -> bool:
        """Whether this process has made the call. One that is stuck is freed for the next sweep."""
        queued_at = self._queued.get(call_id)
        if queued_at is not None and dues and time.monotonic() - queued_at > STUCK_SECONDS:
            self._free(call_id, dues)
        return queued_at is not None

    def _free(self, call_id: str, dues: Sequence[Due]) -> None:
        """A call that ended and left its effect due (a process died in it): the next attempt gets a new id."""
        status = DBOS.get_workflow_status(call_id)
        if status and status.status not in ENDED and not self._long_gone(call_id):
            return
        for due in dues:
            self._ledger.count_attempt(due.booking_id, due.kind, due.attempts)
        self._queued.pop(call_id, None)

    def _long_gone(self, call_id: str) -> bool:
        return time.monotonic() - self._queued.get(call_id, 0.0) > 10 * STUCK_SECONDS
