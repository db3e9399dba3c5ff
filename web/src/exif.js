/**
 * EXIF, as far as a photograph that changes its size and is turned needs it. Offsets in it are not
 * believed: what lies outside is not there.
 */

const ORIENTATION = 0x112;
const RESOLUTIONS = [0x11a, 0x11b];
const DETAILS = 0x8769;
const WIDTH = 0xa002;
const HEIGHT = 0xa003;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;

/**
 * A tag's type, and where its value lies.
 *
 * @typedef {{type: number, at: number}} Entry
 */

/**
 * How the pixels lie, 1 to 8; null if EXIF does not tell.
 *
 * @param {Uint8Array} exif a TIFF
 * @returns {number | null}
 */
export function orientationOf(exif) {
  const tiff = Tiff.read(exif);
  const entry = tiff?.entries(tiff.first).get(ORIENTATION);
  return entry && tiff ? tiff.whole(entry) : null;
}

/**
 * The EXIF of the restored photograph: upright, of this size, with the resolution times `scale`.
 *
 * @param {Uint8Array} exif
 * @param {{width: number, height: number}} size
 * @param {number} scale
 * @returns {Uint8Array}
 */
export function restoredExif(exif, { width, height }, scale) {
  const changed = exif.slice();
  const tiff = Tiff.read(changed);
  if (!tiff) return changed;
  const first = tiff.entries(tiff.first);
  tiff.setWhole(first.get(ORIENTATION), 1);
  for (const tag of RESOLUTIONS) tiff.multiply(first.get(tag), scale);
  const details = first.get(DETAILS);
  if (details) {
    const inner = tiff.entries(tiff.whole(details));
    tiff.setWhole(inner.get(WIDTH), width);
    tiff.setWhole(inner.get(HEIGHT), height);
  }
  return changed;
}

class Tiff {
  /**
   * @param {DataView} view
   * @param {boolean} little
   */
  constructor(view, little) {
    this.view = view;
    this.little = little;
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {Tiff | null}
   */
  static read(bytes) {
    if (bytes.length < 8 || bytes[0] !== bytes[1]) return null;
    if (bytes[0] !== 0x49 && bytes[0] !== 0x4d) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const tiff = new Tiff(view, bytes[0] === 0x49);
    return view.getUint16(2, tiff.little) === 42 ? tiff : null;
  }

  /** Where the first directory lies. */
  get first() {
    return this.view.getUint32(4, this.little);
  }

  /**
   * Those of a directory that have one value, the first of each tag.
   *
   * @param {number | null} directory its offset
   * @returns {Map<number, Entry>}
   */
  entries(directory) {
    const { view, little } = this;
    /** @type {Map<number, Entry>} */
    const found = new Map();
    if (directory === null || directory + 2 > view.byteLength) return found;
    const number = view.getUint16(directory, little);
    for (let index = 0; index < number; index += 1) {
      const at = directory + 2 + 12 * index;
      if (at + 12 > view.byteLength) break;
      const tag = view.getUint16(at, little);
      const isOne = view.getUint32(at + 4, little) === 1;
      const entry = { type: view.getUint16(at + 2, little), at: at + 8 };
      if (isOne && !found.has(tag)) found.set(tag, entry);
    }
    return found;
  }

  /**
   * @param {Entry} entry
   * @returns {number | null}
   */
  whole({ type, at }) {
    if (type === SHORT) return this.view.getUint16(at, this.little);
    return type === LONG ? this.view.getUint32(at, this.little) : null;
  }

  /**
   * @param {Entry | undefined} entry
   * @param {number} value
   */
  setWhole(entry, value) {
    if (entry?.type === LONG) this.view.setUint32(entry.at, value, this.little);
    if (entry?.type === SHORT && value < 65536) this.view.setUint16(entry.at, value, this.little);
  }

  /**
   * Multiplies a fraction.
   *
   * @param {Entry | undefined} entry
   * @param {number} factor
   */
  multiply(entry, factor) {
    if (entry?.type !== RATIONAL) return;
    const at = this.view.getUint32(entry.at, this.little);
    if (at + 8 > this.view.byteLength) return;
    const value = factor * this.view.getUint32(at, this.little);
    if (value < 2 ** 32) this.view.setUint32(at, value, this.little);
  }
}
