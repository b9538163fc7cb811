// The service worker: the app starts without network, and a new version never surprises anybody (D14).
//
// - Installing fetches every file of this version and checks it by hash; a file that is here already is not fetched again.
// - A new version waits until a page says {type: 'activate'}, which it does when no form is open in any tab.
// - The old version's files stay until a page of the new version says {type: 'opened'}: its database is open.
// - The server's own addresses are never touched.
'use strict';

const VERSION = '{{version}}';
const PREFIX = 'koumen-shell-';
const CACHE = PREFIX + VERSION;
const PRECACHE = {{precache}};
const PAGE = '/';
const KEPT = new Set(PRECACHE.map((file) => file.url));
const HASHED = /-[0-9a-f]{16}(_bg)?\.(js|css|wasm)$/;

const isServers = (path) => path === '/ca' || path.startsWith('/ca/') || path === '/healthz' || path.startsWith('/v1/');

const keepFile = async (cache, file) => {
  if (HASHED.test(file.url)) {
    const known = await caches.match(file.url);
    if (known) {
      await cache.put(file.url, known);
      return;
    }
  }
  const mode = HASHED.test(file.url) ? 'default' : 'no-cache';
  // With the same credentials as the page: otherwise a browser may keep a cache of its own for these and fetch all again.
  const reply = await fetch(new Request(file.url, { cache: mode, integrity: file.integrity, credentials: 'same-origin' }));
  if (!reply.ok || reply.redirected) throw new Error(`${file.url}: ${reply.status}`);
  await cache.put(file.url, reply);
};

const install = async () => {
  const cache = await caches.open(CACHE);
  await Promise.all(PRECACHE.map((file) => keepFile(cache, file)));
};

const letOldVersionsGo = async () => {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  // Another tab may still be of the old version and need one of its files; the next start tries again.
  if (windows.length > 1) return;
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
};

const answerPage = async () => {
  const cache = await caches.open(CACHE);
  return (await cache.match(PAGE)) ?? fetch(PAGE);
};

const answerFile = async (request, path) => {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? (await caches.match(path)) ?? fetch(request);
};

self.addEventListener('install', (event) => event.waitUntil(install()));

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  if (event.data?.type === 'activate') event.waitUntil(self.skipWaiting());
  if (event.data?.type === 'opened') event.waitUntil(letOldVersionsGo());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || isServers(url.pathname)) return;
  if (request.mode === 'navigate') {
    event.respondWith(answerPage());
  } else if (KEPT.has(url.pathname) || HASHED.test(url.pathname)) {
    event.respondWith(answerFile(request, url.pathname));
  }
});
