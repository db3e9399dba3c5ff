/**
 * The marker of a compact file, by the rules of docs/marker.md: nothing that it says is believed
 * before it is checked.
 */
import { DamagedFileError } from './errors.js';
import { APP10, segments, startsWith } from './segments.js';

/**
 * What a compact file says about its photograph.
 *
 * @typedef {object} Marker
 * @property {number} width of the upright photograph
 * @property {number} height
 * @property {1 | 2} scale the photograph's sides over the compact image's
 * @property {number} quality 1..100 where the file has no quantization tables, else 0
 * @property {string} model the name of the model that made it
 * @property {string} hash the first four bytes of the model's SHA-256, hexadecimal
 */

const IDENTIFIER = 'JXS\0';
const VERSION = 1;
const HASH_BYTES = 4;
const MAX_SIDE = 2 * 65535;
const MAX_VARINT_BYTES = 3;
const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/**
 * What a file is by its first bytes.
 *
 * @param {Uint8Array} file
 * @returns {'JPEG' | 'WebP' | 'AVIF' | null}
 */
export function kindOf(file) {
  if (startsWith(file, '\xff\xd8')) return 'JPEG';
  if (startsWith(file, 'RIFF') && startsWith(file, 'WEBP', 8)) return 'WebP';
  if (startsWith(file, 'ftyp', 4)) {
    const end = Math.max(8, Math.min(big(file, 0, 4), 256, file.length));
    if (latin1(file.subarray(8, end)).includes('avif')) return 'AVIF';
  }
  return null;
}

/**
 * The marker of a JPEG, WebP or AVIF; null for a file without one.
 *
 * @param {Uint8Array} file
 * @returns {Marker | null}
 * @throws {DamagedFileError} if there is a marker that cannot be right, or more than one
 */
export function findMarker(file) {
  const kind = kindOf(file);
  if (kind === null) return null;
  const walk = { JPEG: app10Payloads, WebP: chunkPayloads, AVIF: boxPayloads }[kind];
  const payloads = [...walk(file)].filter((payload) => startsWith(payload, IDENTIFIER));
  if (payloads.length > 1) throw new DamagedFileError('more than one marker');
  return payloads.length ? parse(payloads[0]) : null;
}

/**
 * The sides that the compact image of a marker has.
 *
 * @param {Pick<Marker, 'width' | 'height' | 'scale'>} marker
 */
export function compactSize({ width, height, scale }) {
  return { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
}

/**
 * A marker as it holds for a picture that may have been turned, cropped or resized since; null for
 * a picture that is as large as the photograph already.
 *
 * @param {Marker} marker
 * @param {{width: number, height: number}} size of the picture as it is stored
 * @returns {Marker | null}
 */
export function placed(marker, { width, height }) {
  const turned = { ...marker, width: marker.height, height: marker.width };
  const both = [marker, turned];
  for (const candidate of both) {
    const expected = compactSize(candidate);
    if (expected.width === width && expected.height === height) return candidate;
  }
  const isLarge = both.some((full) => height >= full.height && width >= full.width);
  if (marker.scale > 1 && isLarge) return null;
  return { ...marker, width: marker.scale * width, height: marker.scale * height };
}

/**
 * @param {Uint8Array} jpeg
 * @returns {Generator<Uint8Array>}
 */
function* app10Payloads(jpeg) {
  for (const { code, payload } of segments(jpeg)) if (code === APP10) yield payload;
}

/**
 * @param {Uint8Array} webp
 * @returns {Generator<Uint8Array>}
 */
function* chunkPayloads(webp) {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.length);
  let position = 12;
  while (position + 8 <= webp.length) {
    const start = position + 8;
    const end = start + view.getUint32(position + 4, true);
    if (end > webp.length) return;
    if (startsWith(webp, 'JXSM', position)) yield webp.subarray(start, end);
    position = end + (end % 2);
  }
}

/**
 * @param {Uint8Array} avif
 * @returns {Generator<Uint8Array>}
 */
function* boxPayloads(avif) {
  let position = 0;
  while (position + 8 <= avif.length) {
    let length = big(avif, position, 4);
    let start = position + 8;
    if (length === 1) {
      length = big(avif, position + 8, 8);
      start = position + 16;
    }
    const end = position + length;
    if (end < start || end > avif.length) return; // 0, "to the end of the file", included
    if (startsWith(avif, 'uuid', position + 4) && startsWith(avif, 'jaxshrink.marker', start)) {
      yield avif.subarray(Math.min(start + 16, end), end);
    }
    position = end;
  }
}

/**
 * @param {Uint8Array} payload
 * @returns {Marker}
 */
function parse(payload) {
  if (payload.length < 7) throw new DamagedFileError('marker broken off');
  const [version, scale, quality] = payload.subarray(4, 7);
  if (version !== VERSION) {
    throw new DamagedFileError(`marker of version ${version}; this program knows ${VERSION}`);
  }
  const [width, behindWidth] = readVarint(payload, 7);
  const [height, position] = readVarint(payload, behindWidth);
  const hash = payload.subarray(position, position + HASH_BYTES);
  const model = latin1(payload.subarray(position + HASH_BYTES));
  if ((scale !== 1 && scale !== 2) || quality > 100) {
    throw new DamagedFileError(`marker with scale ${scale}, quality ${quality}`);
  }
  if (![width, height].every((side) => side >= 1 && side <= MAX_SIDE)) {
    throw new DamagedFileError(`marker with a size of ${width}x${height}`);
  }
  if (!NAME.test(model)) throw new DamagedFileError('marker without the name of a model');
  return { width, height, scale, quality, model, hash: toHex(hash) };
}

/**
 * An unsigned LEB128 and where it ends.
 *
 * @param {Uint8Array} data
 * @param {number} position
 * @returns {[number, number]}
 */
function readVarint(data, position) {
  let value = 0;
  for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
    const byte = data[position + index];
    if (byte === undefined || (byte === 0 && index)) break; // the latter: longer than need be
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return [value, position + index + 1];
  }
  throw new DamagedFileError('marker broken off');
}

/**
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} length
 */
function big(bytes, start, length) {
  return bytes.subarray(start, start + length).reduce((value, byte) => value * 256 + byte, 0);
}

/** @param {Uint8Array} bytes */
function latin1(bytes) {
  return String.fromCharCode(...bytes.subarray(0, 1024));
}

/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
