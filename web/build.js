/**
 * Puts a folder together that a site can serve: our code, the runtime's files and the models.
 *
 *     node build.js [MODELS [DIST]]
 *
 * MODELS is a folder that `jaxshrink export onnx` wrote (default: models/), DIST the one to write,
 * whose content is lost (default: dist/).
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const models = resolve(process.argv[2] ?? join(here, 'models'));
const dist = resolve(process.argv[3] ?? join(here, 'dist'));

/** Our code: what a page imports, and the worker. */
async function writeCode() {
  await build({
    entryPoints: {
      jaxshrink: join(here, 'src/index.js'),
      'app/app': join(here, 'app/app.js'),
      'jaxshrink-img': join(here, 'src/jaxshrink-img.js'),
      worker: join(here, 'src/worker.js'),
    },
    bundle: true,
    format: 'esm',
    minify: true,
    sourcemap: true,
    target: 'es2022',
    outdir: dist,
  });
}

function writeTypes() {
  const compiler = join(here, 'node_modules/.bin/tsc');
  execFileSync(compiler, ['-p', join(here, 'tsconfig.types.json'), '--outDir', join(dist, 'types')]);
}

/** ONNX Runtime for WebAssembly, and for WebGPU in browsers that let WebAssembly wait for it. */
async function copyRuntime() {
  const from = join(here, 'node_modules/onnxruntime-web/dist');
  const threaded = 'ort-wasm-simd-threaded';
  const files = ['ort.wasm.min.mjs', `${threaded}.mjs`, `${threaded}.wasm`];
  files.push('ort.jspi.min.mjs', `${threaded}.jspi.mjs`, `${threaded}.jspi.wasm`);
  for (const file of files) await cp(join(from, file), join(dist, 'ort', file));
}

/** The page, beside the code that it imports; its service worker answers for all of it. */
async function copyApp() {
  await cp(join(here, 'app/service-worker.js'), join(dist, 'service-worker.js'));
  for (const file of await readdir(join(here, 'app'))) {
    if (!file.endsWith('.js')) await cp(join(here, 'app', file), join(dist, 'app', file));
  }
}

/** The models' descriptions, and their networks in float32. */
async function copyModels() {
  const files = (await readdir(models)).filter((file) => /\.json$|-(half|full)\.onnx$/.test(file));
  if (!files.length) throw new Error(`no models in ${models}: run jaxshrink export onnx -o ${models}`);
  for (const file of files) await cp(join(models, file), join(dist, 'models', file));
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await writeCode();
writeTypes();
await copyApp();
await copyRuntime();
await copyModels();
