/** From a decoded compact image to the photograph's pixels, window by window. */
import { placement } from './placement.js';
import { cover } from './windows.js';

// A window's side in the photograph's pixels: larger ones compute less twice, but take more memory.
const LARGEST = 800;

/**
 * @typedef {object} Photograph
 * @property {number} width upright
 * @property {number} height
 * @property {1 | 3} channels
 * @property {Uint8Array} pixels row by row
 */

/**
 * @param {import('./decode.js').Pixels} compact
 * @param {import('./model.js').Network} network
 * @param {object} how
 * @param {{width: number, height: number}} how.size of the photograph as it is stored
 * @param {Float32Array} how.tables (2, 8, 8)
 * @param {number} how.orientation 1 to 8
 * @param {boolean} how.isGray
 * @param {(share: number) => Promise<void>} how.onWindow after every window; may throw
 * @returns {Promise<Photograph>}
 */
export async function restore(compact, network, { size, tables, orientation, isGray, onWindow }) {
  const { description, scale } = network;
  const placed = placement(size, orientation);
  const channels = isGray ? 1 : 3;
  const pixels = new Uint8Array(size.width * size.height * channels);
  const photograph = { ...size, channels, pixels, placed, unit: description.unit };
  const windows = cover(
    extended(compact, scale.unit, description.unit),
    2 * scale.radius,
    LARGEST,
    description.unit,
    description.sides,
  );
  for (const [index, window] of windows.entries()) {
    const cut = cutOut(compact, window, scale.unit, description.unit);
    keep(photograph, window, await network.run({ ...cut, tables }));
    await onWindow((index + 1) / windows.length);
  }
  return { width: placed.width, height: placed.height, channels: isGray ? 1 : 3, pixels };
}

/**
 * (H, W) of the photograph continued to whole units, and by one more on every side.
 *
 * @param {{width: number, height: number}} compact
 * @param {number} compactUnit
 * @param {number} unit
 * @returns {[number, number]}
 */
function extended({ width, height }, compactUnit, unit) {
  const along = [height, width].map((side) => unit * (Math.ceil(side / compactUnit) + 2));
  return [along[0], along[1]];
}

/**
 * A window's pixels, of the compact image or of its reflections.
 *
 * @param {import('./decode.js').Pixels} compact
 * @param {{rows: import('./windows.js').Span, columns: import('./windows.js').Span}} window
 * @param {number} compactUnit
 * @param {number} unit
 */
function cutOut({ width, height, rgba }, { rows, columns }, compactUnit, unit) {
  /** @param {import('./windows.js').Span} span @param {number} length */
  const positions = ({ start, stop }, length) => {
    const first = (start * compactUnit) / unit - compactUnit;
    const number = ((stop - start) * compactUnit) / unit;
    return Array.from({ length: number }, (_, index) => reflected(first + index, length));
  };
  const [down, right] = [positions(rows, height), positions(columns, width)];
  const pixels = new Uint8Array(down.length * right.length * 3);
  let to = 0;
  for (const y of down) {
    for (const x of right) {
      const from = 4 * (y * width + x);
      pixels[to] = rgba[from];
      pixels[to + 1] = rgba[from + 1];
      pixels[to + 2] = rgba[from + 2];
      to += 3;
    }
  }
  return { pixels, height: down.length, width: right.length };
}

/**
 * Where a position in an endlessly reflected side lies in the side itself.
 *
 * @param {number} position
 * @param {number} length
 */
function reflected(position, length) {
  const inPeriod = ((position % (2 * length)) + 2 * length) % (2 * length);
  return Math.min(inPeriod, 2 * length - 1 - inPeriod);
}

/**
 * Copies what is kept of a restored window to where it lies in the upright photograph.
 *
 * @param {object} photograph
 * @param {number} photograph.width as it is stored
 * @param {number} photograph.height
 * @param {number} photograph.channels
 * @param {Uint8Array} photograph.pixels
 * @param {import('./placement.js').Placement} photograph.placed
 * @param {number} photograph.unit
 * @param {{rows: import('./windows.js').Span, columns: import('./windows.js').Span}} window
 * @param {Uint8Array} restored (H, W, 3)
 */
function keep({ width, height, channels, pixels, placed, unit }, { rows, columns }, restored) {
  const bottom = Math.min(height, rows.last - unit);
  const right = Math.min(width, columns.last - unit);
  const left = Math.max(0, columns.first - unit);
  for (let y = Math.max(0, rows.first - unit); y < bottom; y += 1) {
    const row = (y + unit - rows.start) * (columns.stop - columns.start);
    for (let x = left; x < right; x += 1) {
      const from = 3 * (row + x + unit - columns.start);
      const to = channels * (placed.origin + x * placed.alongX + y * placed.alongY);
      const [red, green, blue] = [restored[from], restored[from + 1], restored[from + 2]];
      if (channels === 1) {
        pixels[to] = luma(red, green, blue);
      } else {
        pixels[to] = red;
        pixels[to + 1] = green;
        pixels[to + 2] = blue;
      }
    }
  }
}

/**
 * As Pillow has it.
 *
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 */
function luma(red, green, blue) {
  return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
}
