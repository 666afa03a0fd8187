// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router.js'
import './style.css'

/* AppAPI's shell has two elements with the id `content`, one in the other: the inner one is ours. */
const place = document.querySelector('#content #content') ?? document.getElementById('content')
createApp(App).use(router).mount(place)
