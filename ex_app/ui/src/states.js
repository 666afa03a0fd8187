// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { t } from './l10n.js'

/** How an appointment goes on its day, in words. */
export const states = { expected: t('expected'), waiting: t('waiting'), in_call: t('in the conversation'), over_time: t('over time'), ended: t('over'), no_show: t('did not come'), skipped: t('skipped') }
