import { createRouter, createWebHashHistory } from 'vue-router';
import { hub, onNavigate, restore } from './app';
import InboxView from './views/InboxView.vue';

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/login', name: 'login', component: () => import('./views/LoginView.vue'), meta: { open: true } },
    { path: '/invite/:token', name: 'invite', component: () => import('./views/InviteView.vue'), meta: { open: true } },
    { path: '/', name: 'inbox', component: InboxView },
    { path: '/c/:id/:pane(customer)?', name: 'conversation', component: InboxView },
    { path: '/tickets/:id?', name: 'tickets', component: () => import('./views/TicketsView.vue') },
    { path: '/knowledge/:key?', name: 'knowledge', component: () => import('./views/KnowledgeView.vue') },
    { path: '/learning/:tab(suggestions|topics|rollouts)?/:id?', name: 'learning', component: () => import('./views/LearningView.vue'), meta: { needs: 'knowledge.edit' } },
    { path: '/contacts/:id?', name: 'contacts', component: () => import('./views/ContactsView.vue') },
    { path: '/companies/:id?', name: 'companies', component: () => import('./views/ContactsView.vue') },
    { path: '/segments/:id?', name: 'segments', component: () => import('./views/ContactsView.vue') },
    { path: '/partners/:id?', name: 'partners', component: () => import('./views/PartnersView.vue'), meta: { needs: 'partners.manage' } },
    { path: '/audit', name: 'audit', component: () => import('./views/AuditView.vue'), meta: { needs: 'audit' } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
});

router.beforeEach(async (to) => {
  if (to.meta.open) return true;
  if (await restore()) {
    // A department's worker has tickets, not conversations.
    const talks = ['inbox', 'conversation', 'contacts', 'companies', 'segments'].includes(String(to.name));
    const allowed = talks ? hub.may('conversations') : !to.meta.needs || hub.may(String(to.meta.needs));
    return allowed ? true : { name: 'tickets' };
  }
  return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

onNavigate(
  () => void router.push({ name: 'login' }),
  () => void router.replace('/'),
  (id) => void router.push({ name: 'conversation', params: { id } }),
);
