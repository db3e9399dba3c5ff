/**
 * Keeps the page, and of runtime and models what was used, for when there is no network.
 *
 * What is there is taken from the cache and fetched again behind the page's back, so that the next
 * visit has what is new; with a network, the page itself comes from there.
 */
const CACHE = 'jaxshrink-app-1';
const SHELL = [
  'app/', 'app/app.css', 'app/app.js', 'app/icon.svg', 'app/manifest.webmanifest', 'worker.js',
];

addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)));
  self.skipWaiting();
});

addEventListener('activate', (event) => {
  event.waitUntil(removeOld().then(() => self.clients.claim()));
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).origin === location.origin;
  if (request.method === 'GET' && isOurs) event.respondWith(answer(event, request));
});

/**
 * @param {FetchEvent} event
 * @param {Request} request
 */
async function answer(event, request) {
  const cache = await caches.open(CACHE);
  const fresh = fetch(request).then(async (response) => {
    if (response.ok) await cache.put(request, response.clone());
    return response;
  });
  const known = await cache.match(request, { ignoreVary: true });
  if (!known || request.mode === 'navigate') {
    return fresh.catch((error) => {
      if (known) return known;
      throw error;
    });
  }
  event.waitUntil(fresh.catch(() => {}));
  return known;
}

async function removeOld() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('jaxshrink-app-') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}
