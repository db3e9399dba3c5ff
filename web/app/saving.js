/** Saves all photographs: into a folder where the browser can write to one, else one by one. */
import { download } from './item.js';

/** @typedef {import('./item.js').Item} Item */

/**
 * @param {Item[]} items that have a result
 * @param {(text: string) => void} say
 */
export async function saveAll(items, say) {
  const names = items.map((item) => item.name);
  const blobs = items.map((item) => /** @type {Blob} */ (item.result));
  const pick = /** @type {any} */ (globalThis).showDirectoryPicker;
  if (!pick) {
    const free = distinct(names, new Set());
    blobs.forEach((blob, index) => download(blob, free[index]));
    return say(`${blobs.length} saved.`);
  }
  try {
    const folder = await pick({ mode: 'readwrite' });
    const free = distinct(names, await namesIn(folder));
    for (const [index, blob] of blobs.entries()) await write(folder, free[index], blob);
    say(`${blobs.length} saved.`);
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    say(name === 'AbortError' ? 'Nothing was saved.' : `Not all could be saved: ${message}`);
  }
}

/**
 * @param {any} folder a FileSystemDirectoryHandle
 * @param {string} name
 * @param {Blob} blob
 */
async function write(folder, name, blob) {
  const file = await folder.getFileHandle(name, { create: true });
  const stream = await file.createWritable();
  await stream.write(blob);
  await stream.close();
}

/**
 * Of what a folder holds, which is not written over.
 *
 * @param {any} folder a FileSystemDirectoryHandle
 */
async function namesIn(folder) {
  const names = new Set();
  for await (const name of folder.keys()) names.add(name.toLowerCase());
  return names;
}

/**
 * Names of which none is there twice, whatever the case: "a.png", "a (2).png".
 *
 * @param {string[]} names
 * @param {Set<string>} taken in lower case
 */
function distinct(names, taken) {
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free.toLowerCase()); number += 1) {
      free = name.replace(/\.png$/, ` (${number}).png`);
    }
    taken.add(free.toLowerCase());
    return free;
  });
}
