# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who teaches a pupil, by files of who teaches what: the class's lessons (Untis GPU002), the pupil's own (SchILD's
Leistungsdaten), or the lessons that the pupil has chosen (GPU015)."""

from collections.abc import Iterable
from functools import cache

from . import classes
from .households import keys
from .records import PupilRow, TeachesRow
from .titles import tidy


class Lessons:
    """All lessons, to be asked pupil by pupil."""

    def __init__(self, rows: Iterable[TeachesRow]) -> None:
        self._of_class: dict[str, list[tuple[str, str]]] = {}
        self._of_pupil: dict[tuple[str, ...], list[str]] = {}
        self._of_lesson: dict[str, list[str]] = {}
        self._chosen: dict[tuple[str, ...], list[str]] = {}
        known = cache(_keys)
        for row in rows:
            self._note(row, known(row.child, row.child_surname, row.birth_date, row.pupil_id))
        self._choices = {lesson for lessons in self._chosen.values() for lesson in lessons}

    def of(self, pupil: PupilRow) -> list[str]:
        """The words that name the pupil's teachers, each once: those of its own lessons, and of those lessons of its
        class that nobody chooses."""
        found: dict[str, None] = {}
        for key in keys(pupil):
            found.update(dict.fromkeys(self._of_pupil.get(key, [])))
            for lesson in self._chosen.get(key, []):
                found.update(dict.fromkeys(self._of_lesson.get(lesson, [])))
        if not any(key in self._of_pupil for key in keys(pupil)):
            for name in (pupil.school_class, pupil.second_school_class, pupil.third_school_class):
                for lesson, teacher in self._of_class.get(classes.key(name), []) if name else ():
                    if not (lesson and lesson in self._choices):
                        found.setdefault(teacher)
        return list(found)

    def _note(self, row: TeachesRow, known: list[tuple[str, ...]]) -> None:
        teachers = [teacher for teacher in (row.teacher, row.second_teacher) if teacher]
        for key in known:
            if teachers:
                self._of_pupil.setdefault(key, []).extend(teachers)
            if row.lesson:
                self._chosen.setdefault(key, []).append(tidy(row.lesson))
        if known:
            return
        if row.lesson:
            self._of_lesson.setdefault(tidy(row.lesson), []).extend(teachers)
        for name in classes.several(row.school_class):
            self._of_class.setdefault(classes.key(name), []).extend((tidy(row.lesson), one) for one in teachers)


def _keys(child: str, child_surname: str, birth_date: str, pupil_id: str) -> list[tuple[str, ...]]:
    return keys(PupilRow(0, child=child, child_surname=child_surname, birth_date=birth_date, pupil_id=pupil_id))
