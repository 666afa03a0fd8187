// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { t } from './l10n.js'

const words = { wheelchair: t('Comes in a wheelchair'), sign_language: t('Sign language is needed') }

/** What a family needs for its appointment and who comes along, in words. */
export const needsOf = ({ needs, interpreter, people }) => [
	...(needs ?? []).map((need) => words[need]),
	...(interpreter ? [t('Interpreter: {language}', { language: interpreter })] : []),
	...(people?.length ? [t('Also coming: {names}', { names: people.join(', ') })] : []),
]
