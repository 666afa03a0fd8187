// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { t } from './l10n.js'

/** What can be too little for a day's video calls, by the plan's kinds. */
export const limits = { joining: t('People who join in the same second'), server_calls: t('Calls on the fullest media server'), server_cpu: t('Cores of the fullest media server'), server_line: t('Line of the fullest media server (Mbit/s)'), school_line: t('Upload of the school’s fullest line (Mbit/s)'), turn: t('TURN server (Mbit/s)') }
