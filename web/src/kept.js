/** Photographs that were expanded before, in the browser's cache, by their files' SHA-256. */

const CACHE = 'jaxshrink-photographs-1';
const MOST = 100;

/**
 * What was kept for a file, or what `make` makes of it.
 *
 * @param {Blob} file
 * @param {() => Promise<Blob>} make
 */
export async function kept(file, make) {
  const cache = await globalThis.caches?.open(CACHE).catch(() => undefined); // none on plain HTTP
  if (!cache) return make();
  const key = await keyOf(file);
  const known = await cache.match(key);
  if (known) return known.blob();
  const made = await make();
  await keep(cache, key, made).catch(() => {}); // no room: it is made again next time
  return made;
}

/**
 * @param {Cache} cache
 * @param {string} key
 * @param {Blob} blob
 */
async function keep(cache, key, blob) {
  const known = await cache.keys(); // the oldest first
  const surplus = known.slice(0, Math.max(0, known.length - MOST + 1));
  await Promise.all(surplus.map((old) => cache.delete(old)));
  await cache.put(key, new Response(blob));
}

/** @param {Blob} file */
async function keyOf(file) {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  const text = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `/jaxshrink-photographs/${text}`;
}
