/** The segments of a JPEG. The walk ends without an error where a file is broken off. */

export const APP0 = 0xe0;
export const APP1 = 0xe1;
export const APP2 = 0xe2;
export const APP10 = 0xea;
export const APP14 = 0xee;
export const APP15 = 0xef;
export const COMMENT = 0xfe;
export const QUANTIZATION_TABLES = 0xdb;

const END = 0xd9;
const START_OF_SCAN = 0xda;
// Codes of no segment: a stuffed byte, padding, TEM, restarts, another start.
const ALONE = [0x00, 0xff, 0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8];
// Among the codes of frames, C0 to CF: tables, and what is reserved.
const NO_FRAMES = [0xc4, 0xc8, 0xcc];

/**
 * @typedef {object} Segment
 * @property {number} code the second byte of its marker
 * @property {number} start where the whole segment begins in the file
 * @property {number} end where it ends
 * @property {Uint8Array} payload what it carries
 */

/**
 * The segments before the first scan, where a marker may lie.
 *
 * @param {Uint8Array} jpeg
 * @returns {Generator<Segment>}
 */
export function* segments(jpeg) {
  let position = 2;
  while (jpeg[position] === 0xff) {
    if (jpeg[position + 1] === 0xff) {
      position += 1; // padding
      continue;
    }
    const found = segmentAt(jpeg, position);
    if (!found) return;
    yield found;
    position = found.end;
  }
}

/**
 * The segments as decoders find them: they skip what is none, and stop at an end marker.
 *
 * @param {Uint8Array} jpeg
 * @returns {Segment[]}
 */
export function segmentsOf(jpeg) {
  const all = [];
  let position = jpeg.indexOf(0xff, 2);
  while (position >= 0 && jpeg[position + 1] !== END) {
    if (ALONE.includes(jpeg[position + 1])) {
      position = jpeg.indexOf(0xff, position + 1);
      continue;
    }
    const found = segmentAt(jpeg, position);
    if (!found) break;
    all.push(found);
    position = jpeg.indexOf(0xff, found.end);
  }
  return all;
}

/**
 * The segment whose marker lies here; null for a scan, and for what leaves the file.
 *
 * @param {Uint8Array} jpeg
 * @param {number} start
 * @returns {Segment | null}
 */
function segmentAt(jpeg, start) {
  if (start + 4 > jpeg.length) return null;
  const [, code, high, low] = jpeg.subarray(start, start + 4);
  const length = (high << 8) | low;
  const end = start + 2 + length;
  if (code === START_OF_SCAN || length < 2 || end > jpeg.length) return null;
  return { code, start, end, payload: jpeg.subarray(start + 4, end) };
}

/**
 * The picture's size as it is stored, and the number of its components.
 *
 * @param {Segment[]} parts
 * @returns {{width: number, height: number, components: number} | null}
 */
export function frameOf(parts) {
  const frame = parts.find(
    ({ code }) => code >= 0xc0 && code <= 0xcf && !NO_FRAMES.includes(code),
  );
  if (!frame || frame.payload.length < 6) return null;
  const [, high, low, left, right, components] = frame.payload;
  return { height: (high << 8) | low, width: (left << 8) | right, components };
}

/**
 * Whether a payload begins with a text.
 *
 * @param {Uint8Array} bytes
 * @param {string} text Latin-1
 * @param {number} [at]
 */
export function startsWith(bytes, text, at = 0) {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
