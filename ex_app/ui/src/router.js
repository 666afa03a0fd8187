// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { createRouter, createWebHashHistory } from 'vue-router'
import StartView from './views/StartView.vue'

export const router = createRouter({
	history: createWebHashHistory(),
	routes: [
		{ path: '/', name: 'start', component: StartView },
		{ path: '/new', name: 'new', component: () => import('./views/RulesView.vue') },
		{ path: '/c/:id', name: 'overview', component: () => import('./views/OverviewView.vue'), props: true },
		{ path: '/c/:id/rules', name: 'rules', component: () => import('./views/RulesView.vue'), props: true },
		{ path: '/c/:id/hosts', name: 'hosts', component: () => import('./views/HostsView.vue'), props: true },
		{ path: '/c/:id/families', name: 'families', component: () => import('./views/FamiliesView.vue'), props: true },
		{ path: '/c/:id/texts', name: 'texts', component: () => import('./views/TextsView.vue'), props: true },
		{ path: '/c/:id/paper', name: 'paper', component: () => import('./views/PapersView.vue'), props: true },
		{ path: '/c/:id/wishes', name: 'wishes', component: () => import('./views/WishesView.vue'), props: true },
		{ path: '/admin', name: 'admin', component: () => import('./views/AdminView.vue') },
		{ path: '/c/:id/bookings', name: 'bookings', component: () => import('./views/BookingsView.vue'), props: true },
		{ path: '/c/:id/board', name: 'board', component: () => import('./views/BoardView.vue'), props: true },
		{ path: '/c/:id/overview', redirect: ({ params }) => ({ name: 'overview', params }) },
		{ path: '/c/:id/mine', name: 'mine', component: () => import('./views/MineView.vue'), props: true },
		{ path: '/:rest(.*)', redirect: '/' },
	],
})
