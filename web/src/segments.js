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
 * The segments before the first scan.
 *
 * @param {Uint8Array} jpeg
 * @returns {Generator<Segment>}
 */
export function* segments(jpeg) {
  let position = 2;
  while (position + 4 <= jpeg.length && jpeg[position] === 0xff) {
    const code = jpeg[position + 1];
    if (code === 0xff) {
      position += 1; // padding
      continue;
    }
    const length = (jpeg[position + 2] << 8) | jpeg[position + 3];
    const end = position + 2 + length;
    if (code === START_OF_SCAN || length < 2 || end > jpeg.length) return;
    yield { code, start: position, end, payload: jpeg.subarray(position + 4, end) };
    position = end;
  }
}

/**
 * The same, up to an end marker.
 *
 * @param {Uint8Array} jpeg
 * @returns {Segment[]}
 */
export function segmentsOf(jpeg) {
  const all = [...segments(jpeg)];
  const end = all.findIndex(({ code }) => code === END);
  return end < 0 ? all : all.slice(0, end);
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
