/**
 * ONNX Runtime, which runs the networks: WebGPU where the browser has it, or else WebAssembly with
 * SIMD. Its files lie beside ours, and only those that are needed are loaded.
 */
import { RuntimeFailure } from './errors.js';

const MAX_THREADS = 4;

/** @typedef {typeof import('onnxruntime-web')} Ort */

/**
 * @param {'webgpu' | 'wasm'} provider
 * @param {string} folder the URL of the runtime's files, with a slash at its end
 * @returns {Promise<Ort>}
 * @throws {RuntimeFailure} if it cannot be loaded
 */
export async function loadRuntime(provider, folder) {
  try {
    /** @type {Ort} */
    const ort = await import(`${folder}ort.${provider === 'webgpu' ? 'jspi' : 'wasm'}.min.mjs`);
    ort.env.wasm.wasmPaths = folder;
    ort.env.wasm.numThreads = numThreads();
    ort.env.logLevel = 'error';
    return ort;
  } catch (error) {
    throw new RuntimeFailure(`ONNX Runtime cannot be loaded (${error})`);
  }
}

/**
 * The fastest that this browser has.
 *
 * @returns {Promise<'webgpu' | 'wasm'>}
 */
export async function bestProvider() {
  // Without JavaScript promise integration the runtime for WebGPU is twice as large.
  if (!('Suspending' in WebAssembly)) return 'wasm';
  const gpu = /** @type {any} */ (navigator).gpu;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  const isSoftware = adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter;
  return adapter && !isSoftware ? 'webgpu' : 'wasm';
}

/** Threads share memory, which a page may only where it is isolated from other origins. */
function numThreads() {
  return globalThis.crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency) : 1;
}
