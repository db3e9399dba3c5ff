/**
 * Puts `dist/` together: our code, the runtime's files and the models.
 *
 *     node build.js [MODELS]
 *
 * MODELS is a folder that `jaxshrink export onnx` wrote (default: models/).
 */
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const here = new URL('.', import.meta.url).pathname;
const models = process.argv[2] ?? `${here}models`;
const runtime = `${here}node_modules/onnxruntime-web/dist/`;
const runtimeFiles = ['wasm', 'jspi'].flatMap((name) => [
  `ort.${name}.min.mjs`,
  `ort-wasm-simd-threaded${name === 'wasm' ? '' : `.${name}`}.mjs`,
  `ort-wasm-simd-threaded${name === 'wasm' ? '' : `.${name}`}.wasm`,
]);

await rm(`${here}dist`, { recursive: true, force: true });
await mkdir(`${here}dist/ort`, { recursive: true });
await mkdir(`${here}dist/models`);
await build({
  entryPoints: { jaxshrink: `${here}src/index.js`, worker: `${here}src/worker.js` },
  bundle: true,
  format: 'esm',
  minify: true,
  sourcemap: true,
  target: 'es2022',
  outdir: `${here}dist`,
});
for (const file of runtimeFiles) await cp(runtime + file, `${here}dist/ort/${file}`);
for (const file of await readdir(models)) {
  const isNeeded = file.endsWith('.json') || /-(half|full)\.onnx$/.test(file);
  if (isNeeded) await cp(`${models}/${file}`, `${here}dist/models/${file}`);
}
