/** A model in files: what its JSON tells, and the networks of the scale that is asked for. */
import { RuntimeFailure, UnknownModelError } from './errors.js';
import { toHex } from './marker.js';
import { bestProvider, loadRuntime } from './runtime.js';

const FORMAT = 1;
// As ONNX Runtime counts: it warns of every operator that it computes on the CPU.
const ERRORS_ONLY = /** @type {const} */ (3);

/**
 * As `jaxshrink export onnx` writes it; not all of it.
 *
 * @typedef {object} Description
 * @property {number} format
 * @property {string} name
 * @property {string} hash as in markers
 * @property {number} unit of windows, in the photograph's pixels
 * @property {number[]} sides that windows may have, in units
 * @property {Record<string, Scale>} scales
 *
 * @typedef {object} Scale
 * @property {number} unit of windows, in the compact image's pixels
 * @property {number} radius how far a result depends on its surroundings, in the photograph's
 * @property {{float32: {file: string, bytes: number, sha256: string}}} graphs
 */

/**
 * The networks of one scale.
 *
 * @typedef {object} Network
 * @property {Description} description
 * @property {Scale} scale
 * @property {(window: Window) => Promise<Uint8Array>} run restores a window's pixels
 *
 * @typedef {object} Window
 * @property {Uint8Array} pixels (h, w, 3)
 * @property {number} height
 * @property {number} width
 * @property {Float32Array} tables (2, 8, 8)
 *
 * @typedef {import('./runtime.js').Ort} Ort
 * @typedef {{ort: Ort, session: import('onnxruntime-web').InferenceSession}} Started
 */

/** Models, each loaded once; their networks stay ready. */
export class Models {
  /** @type {Map<string, Promise<any>>} */
  #loaded = new Map();

  /** @param {string} runtimeFolder URL with a slash at its end */
  constructor(runtimeFolder) {
    this.runtimeFolder = runtimeFolder;
  }

  /**
   * @param {Pick<import('./marker.js').Marker, 'model' | 'hash' | 'scale'>} marker
   * @param {string} folder URL with a slash at its end
   * @returns {Promise<Network>}
   * @throws {UnknownModelError} if it is not there, or another model has its name
   */
  async network({ model, hash, scale }, folder) {
    const url = `${folder}${model}.json`;
    const description = await this.#once(url, () => readDescription(url, model));
    if (description.hash !== hash) {
      throw new UnknownModelError(
        `made by the model ${model} (${hash}), and this is ${model} (${description.hash})`,
      );
    }
    const found = description.scales[scale];
    if (!found) throw new UnknownModelError(`the model ${model} has no networks of scale ${scale}`);
    const graph = found.graphs.float32;
    const run = await this.#once(folder + graph.file, () => this.#session(folder, graph));
    return { description, scale: found, run };
  }

  /**
   * @param {string} folder
   * @param {Scale['graphs']['float32']} graph
   * @returns {Promise<Network['run']>}
   */
  async #session(folder, graph) {
    const bytes = await fetchBytes(folder + graph.file);
    await check(bytes, graph);
    const { ort, session } = await this.#start(bytes);
    return async ({ pixels, height, width, tables }) => {
      const feeds = {
        y_hat: new ort.Tensor('uint8', pixels, [1, height, width, 3]),
        tables: new ort.Tensor('float32', tables, [2, 8, 8]),
      };
      const { x_hat } = await session.run(feeds);
      const result = /** @type {Uint8Array} */ (await x_hat.getData(true));
      return result;
    };
  }

  /**
   * @param {Uint8Array} bytes of a network
   * @returns {Promise<Started>}
   */
  async #start(bytes) {
    const provider = await this.#once('provider', bestProvider);
    const started = provider === 'webgpu' && (await this.#startOn(provider, bytes).catch(() => null));
    return started || this.#startOn('wasm', bytes);
  }

  /**
   * @param {'webgpu' | 'wasm'} provider
   * @param {Uint8Array} bytes
   * @returns {Promise<Started>}
   */
  async #startOn(provider, bytes) {
    const ort = await this.#once(provider, () => loadRuntime(provider, this.runtimeFolder));
    const options = { executionProviders: [provider], logSeverityLevel: ERRORS_ONLY };
    try {
      return { ort, session: await ort.InferenceSession.create(bytes, options) };
    } catch (error) {
      throw new RuntimeFailure(`the networks cannot be started (${error})`);
    }
  }

  /**
   * What was made before for a key; a failure is forgotten.
   *
   * @template T
   * @param {string} key
   * @param {() => Promise<T>} make
   * @returns {Promise<T>}
   */
  #once(key, make) {
    if (!this.#loaded.has(key)) {
      const made = make();
      this.#loaded.set(key, made);
      made.catch(() => this.#loaded.delete(key));
    }
    return /** @type {Promise<T>} */ (this.#loaded.get(key));
  }
}

/**
 * @param {string} url
 * @param {string} name
 * @returns {Promise<Description>}
 */
async function readDescription(url, name) {
  const response = await fetched(url);
  if (response.status === 404) throw new UnknownModelError(`no model named ${name} here`);
  if (!response.ok) throw new RuntimeFailure(`${url} cannot be loaded (${response.status})`);
  /** @type {Description | null} */
  const description = await response.json().catch(() => null);
  if (description?.format !== FORMAT || description.name !== name) {
    throw new UnknownModelError(`${url} does not describe the model ${name}`);
  }
  return description;
}

/**
 * @param {string} url
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function fetchBytes(url) {
  const response = await fetched(url);
  if (!response.ok) throw new RuntimeFailure(`${url} cannot be loaded (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @param {string} url */
async function fetched(url) {
  try {
    return await fetch(url);
  } catch (error) {
    throw new RuntimeFailure(`${url} cannot be loaded (${error})`);
  }
}

/**
 * Browsers have hashes on pages that came over HTTPS or from this machine; elsewhere only the
 * length is compared.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {{file: string, bytes: number, sha256: string}} graph
 */
async function check(bytes, { file, bytes: length, sha256 }) {
  const digest = await globalThis.crypto?.subtle?.digest('SHA-256', bytes);
  const isSame = !digest || toHex(new Uint8Array(digest)) === sha256;
  if (bytes.length !== length || !isSame) {
    throw new UnknownModelError(`${file} is not what its description says`);
  }
}
