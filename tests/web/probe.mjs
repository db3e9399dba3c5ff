/**
 * Answers in JSON what our modules say of what the standard input asks, in JSON as well:
 * {src, files: [base64], sizes: [[H, W]]}.
 */
import { readFileSync } from 'node:fs';
import { Buffer } from 'node:buffer';

const { src, files = [], sizes = [], limits } = JSON.parse(readFileSync(0, 'utf8'));
const { findMarker, placed } = await import(`${src}/marker.js`);
const { frameOf, segmentsOf } = await import(`${src}/segments.js`);
const { readTables } = await import(`${src}/tables.js`);
const { orientation, readMetadata, restoredMetadata } = await import(`${src}/metadata.js`);
const { cover } = await import(`${src}/windows.js`);

/** A value, or what was said instead. */
function attempt(make) {
  try {
    return make();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

/** Whatever is read from a file before it is decoded. */
function everything(file) {
  const marker = attempt(() => findMarker(file));
  const parts = segmentsOf(file);
  const tables = attempt(() => [...readTables(parts)]);
  const metadata = readMetadata(parts);
  const frame = frameOf(parts);
  restoredMetadata(metadata, { width: 300, height: 200 }, 2);
  const place = typeof marker === 'object' && marker && frame ? placed(marker, frame) : null;
  return { marker, tables, orientation: orientation(metadata), placed: place };
}

const answer = {
  files: files.map((file) => attempt(() => everything(new Uint8Array(Buffer.from(file, 'base64'))))),
  windows: sizes.map((size) =>
    cover(size, limits.overlap, limits.largest, limits.unit, limits.sides).map(({ rows, columns }) => [
      Object.values(rows),
      Object.values(columns),
    ]),
  ),
};
process.stdout.write(JSON.stringify(answer));
