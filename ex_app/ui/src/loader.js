// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
/* AppAPI loads classic scripts only; the module beside this one is allowed by the page's `strict-dynamic`. */
import(new URL('./app.mjs', document.currentScript.src))
