/** The quantization tables of a JPEG, which tell the networks how coarse it is. */
import { DamagedFileError } from './errors.js';
import { QUANTIZATION_TABLES } from './segments.js';

// Of every coefficient in the order of the file, its place in the block, row by row.
const ZIGZAG = zigzag();

/**
 * The steps of luma and chroma as the networks take them, at least 1, (2, 8, 8); one table alone
 * counts for both.
 *
 * @param {import('./segments.js').Segment[]} parts
 * @returns {Float32Array}
 * @throws {DamagedFileError} if there is none, or one is broken off
 */
export function readTables(parts) {
  /** @type {Map<number, Float32Array>} */
  const tables = new Map();
  for (const { code, payload } of parts) {
    if (code === QUANTIZATION_TABLES) addTables(tables, payload);
  }
  const found = [...tables.values()];
  if (!found.length) throw new DamagedFileError('a JPEG without quantization tables');
  const both = new Float32Array(128);
  both.set(found[0]);
  both.set(found[found.length - 1], 64);
  return both;
}

/**
 * @param {Map<number, Float32Array>} tables
 * @param {Uint8Array} payload
 */
function addTables(tables, payload) {
  let position = 0;
  while (position < payload.length) {
    const bytes = payload[position] < 16 ? 1 : 2;
    const end = position + 1 + 64 * bytes;
    if (end > payload.length) throw new DamagedFileError('a quantization table is broken off');
    const table = new Float32Array(64);
    for (let index = 0; index < 64; index += 1) {
      const at = position + 1 + bytes * index;
      const step = bytes === 1 ? payload[at] : (payload[at] << 8) | payload[at + 1];
      table[ZIGZAG[index]] = Math.max(1, step);
    }
    tables.set(payload[position] & 15, table);
    position = end;
  }
}

/** @returns {number[]} */
function zigzag() {
  const places = Array.from({ length: 64 }, (_, place) => place);
  /** @param {number} place */
  const key = (place) => {
    const [row, column] = [place >> 3, place & 7];
    const diagonal = row + column;
    return 8 * diagonal + (diagonal % 2 ? row : column);
  };
  return places.sort((one, other) => key(one) - key(other));
}
