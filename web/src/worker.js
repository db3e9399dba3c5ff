/**
 * Expands off the page's thread, one file after the other.
 *
 * To it: {id, blob, options}, or {id, cancel: true}. From it: {id, share}, then {id, blob} or
 * {id, error}; nothing more for what was cancelled.
 */
import { toPlain } from './errors.js';
import { expandFile } from './expand.js';
import { Models } from './model.js';

const models = new Models(new URL('ort/', import.meta.url).href);
/** @type {Set<number>} */
const cancelled = new Set();
let last = Promise.resolve();

addEventListener('message', ({ data }) => {
  if (data.cancel) {
    cancelled.add(data.id);
  } else {
    last = last.then(() => work(data));
  }
});

/** @param {{id: number, blob: Blob, options: import('./expand.js').Options}} job */
async function work({ id, blob, options }) {
  /** @param {number} share */
  const onWindow = async (share) => {
    postMessage({ id, share });
    await messages();
    if (cancelled.has(id)) throw new Error('cancelled');
  };
  try {
    if (cancelled.has(id)) return;
    postMessage({ id, blob: await expandFile(blob, options, models, onWindow) });
  } catch (error) {
    if (!cancelled.has(id)) postMessage({ id, error: toPlain(error) });
  } finally {
    cancelled.delete(id);
  }
}

/** Lets what was sent here in the meantime be heard. */
function messages() {
  return new Promise((resolve) => setTimeout(resolve));
}
