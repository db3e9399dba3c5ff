/**
 * Expands compact JPEGs of jaxshrink in the browser.
 *
 *     import { expand } from './dist/jaxshrink.js';
 *     image.src = URL.createObjectURL(await expand(await (await fetch('photo.jpg')).blob()));
 */
import { RuntimeFailure, fromPlain } from './errors.js';
import { findMarker } from './marker.js';

export {
  DamagedFileError,
  JaxshrinkError,
  NoMarkerError,
  RuntimeFailure,
  TooLargeError,
  UnknownModelError,
  UnsupportedFormatError,
} from './errors.js';

/**
 * @typedef {object} ExpandOptions
 * @property {AbortSignal} [signal] cancels: the promise rejects with its reason
 * @property {(share: number) => void} [onProgress] told a share of 0 to 1, the last time 1
 * @property {string | URL} [models] the folder with the models' files (default: `models/` beside
 *   this package's)
 * @property {'image/png' | 'image/jpeg'} [type] of the result (default: PNG, without loss)
 * @property {number} [maxPixels] refuse photographs of more (default: 100 million)
 *
 * @typedef {import('./marker.js').Marker} Marker
 *
 * @typedef {object} Job
 * @property {object} message what tells the worker of it
 * @property {(blob: Blob) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {(share: number) => void} [onProgress]
 */

/** @type {string | undefined} */
let base;
/** @type {Worker | undefined} */
let worker;
let number = 0;
/** @type {Map<number, Job>} */
const jobs = new Map();

/**
 * Tells where this package's files are served: needed where a bundler moved this code elsewhere.
 *
 * @param {{base: string | URL}} where the URL of what `dist/` holds, of the page's own origin
 */
export function configure(where) {
  base = String(where.base);
}

/**
 * Restores the photograph of a compact JPEG, in a worker; files wait for those before them.
 *
 * @param {Blob} blob the file
 * @param {ExpandOptions} [options]
 * @returns {Promise<Blob>} a PNG or a JPEG with the file's colour profile, EXIF and XMP
 * @throws {NoMarkerError} for an ordinary picture
 * @throws {DamagedFileError} if it is broken, or its marker cannot be right
 * @throws {UnknownModelError} if it was made by a model that is not in the folder
 * @throws {TooLargeError} if the photograph has too many pixels
 * @throws {UnsupportedFormatError} for a compact WebP or AVIF
 * @throws {RuntimeFailure} if what computes cannot be loaded, or memory does not suffice
 */
export async function expand(blob, options = {}) {
  const { signal, onProgress, models = 'models/', type, maxPixels } = options;
  signal?.throwIfAborted();
  const id = (number += 1);
  const folder = options.models === undefined ? packageUrl() : globalThis.location?.href;
  const url = new URL(`${models}`.replace(/\/*$/, '/'), folder).href;
  /** @type {Promise<Blob>} */
  const result = new Promise((resolve, reject) => {
    const message = { id, blob, options: { models: url, type, maxPixels } };
    jobs.set(id, { message, resolve, reject, onProgress });
    started().postMessage(message);
  });
  const cancel = () => {
    worker?.postMessage({ id, cancel: true });
    jobs.get(id)?.reject(signal?.reason);
  };
  signal?.addEventListener('abort', cancel);
  return result.finally(() => {
    jobs.delete(id);
    signal?.removeEventListener('abort', cancel);
  });
}

/**
 * What a file's marker says; null for an ordinary picture.
 *
 * @param {Blob} blob a JPEG, a WebP or an AVIF
 * @returns {Promise<Marker | null>}
 * @throws {DamagedFileError} if the marker cannot be right
 */
export async function readMarker(blob) {
  return findMarker(new Uint8Array(await blob.arrayBuffer()));
}

/** Ends the worker and frees its memory; the next `expand` starts another. */
export function close() {
  stop(new RuntimeFailure('closed'));
}

/** @returns {Worker} */
function started() {
  if (!worker) {
    if (!globalThis.Worker) throw new RuntimeFailure('this browser has no workers');
    worker = new Worker(new URL('worker.js', packageUrl()), { type: 'module' });
    worker.addEventListener('message', ({ data }) => receive(data));
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      stop(new RuntimeFailure(`the worker failed (${event.message ?? 'it cannot be loaded'})`));
    });
  }
  return worker;
}

/** @param {{id: number, share?: number, blob?: Blob, error?: import('./errors.js').PlainError}} data */
function receive({ id, share, blob, error }) {
  const job = jobs.get(id);
  if (share !== undefined) job?.onProgress?.(share);
  if (blob) job?.resolve(blob);
  if (error) job?.reject(fromPlain(error));
  if (error?.name === 'RuntimeFailure') restart(id);
}

/**
 * Another worker for those who wait: after a failure, memory that did not suffice among them, the
 * old one is of no use.
 *
 * @param {number} failed
 */
function restart(failed) {
  worker?.terminate();
  worker = undefined;
  jobs.delete(failed);
  for (const { message } of jobs.values()) started().postMessage(message);
}

/** @param {RuntimeFailure} error */
function stop(error) {
  worker?.terminate();
  worker = undefined;
  for (const job of jobs.values()) job.reject(error);
}

function packageUrl() {
  const here = import.meta.url;
  return new URL('.', new URL(base ? base.replace(/\/*$/, '/') : here, globalThis.location?.href));
}
