/** What a compact JPEG says beside its pixels, as it holds for the restored photograph. */
import { orientationOf, restoredExif } from './exif.js';
import { APP0, APP1, APP14, APP15, APP2, COMMENT, segmentsOf, startsWith } from './segments.js';

const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';
const ICC = 'ICC_PROFILE\0';
const XMP_ORIENTATION = /tiff:Orientation(?:\s*=\s*["']|>)\s*([1-8])/;
const MAX_ICC_PIECE = 65533 - ICC.length - 2;

/**
 * Empty where the file has none.
 *
 * @typedef {object} Metadata
 * @property {Uint8Array} exif a TIFF
 * @property {Uint8Array} icc the colour profile
 * @property {Uint8Array} xmp UTF-8
 */

/**
 * @param {import('./segments.js').Segment[]} parts
 * @returns {Metadata}
 */
export function readMetadata(parts) {
  /** @type {(code: number, header: string) => Uint8Array[]} */
  const payloads = (code, header) =>
    parts
      .filter((part) => part.code === code && startsWith(part.payload, header))
      .map((part) => part.payload.subarray(header.length));
  const pieces = payloads(APP2, ICC).sort((one, other) => one[0] - other[0]);
  return {
    exif: payloads(APP1, EXIF)[0] ?? new Uint8Array(),
    icc: joined(pieces.map((piece) => piece.subarray(2))),
    xmp: payloads(APP1, XMP)[0] ?? new Uint8Array(),
  };
}

/**
 * How the pixels lie, 1 to 8, by EXIF, or else by XMP.
 *
 * @param {Metadata} metadata
 */
export function orientation({ exif, xmp }) {
  const told = orientationOf(exif) ?? Number(XMP_ORIENTATION.exec(decoded(xmp))?.[1] ?? 1);
  return told >= 1 && told <= 8 ? told : 1;
}

/**
 * The metadata of the photograph that a compact image was restored to.
 *
 * @param {Metadata} metadata
 * @param {{width: number, height: number}} size of the photograph, upright
 * @param {number} scale
 * @returns {Metadata}
 */
export function restoredMetadata({ exif, icc, xmp }, size, scale) {
  const packet = decoded(xmp).replace(XMP_ORIENTATION, (text) => `${text.slice(0, -1)}1`);
  return { exif: restoredExif(exif, size, scale), icc, xmp: new TextEncoder().encode(packet) };
}

/**
 * A JPEG with this metadata alone.
 *
 * @param {Uint8Array} jpeg
 * @param {Metadata} metadata
 * @returns {Blob}
 */
export function withMetadata(jpeg, { exif, icc, xmp }) {
  const added = [];
  if (exif.length) added.push(segment(APP1, EXIF, exif));
  if (xmp.length) added.push(segment(APP1, XMP, xmp));
  const number = Math.ceil(icc.length / MAX_ICC_PIECE);
  for (let index = 0; index < number; index += 1) {
    const piece = icc.subarray(index * MAX_ICC_PIECE, (index + 1) * MAX_ICC_PIECE);
    added.push(segment(APP2, ICC + String.fromCharCode(index + 1, number), piece));
  }
  const bare = withoutMetadata(jpeg, segmentsOf(jpeg)); // Chromium names sRGB
  // The JFIF header must stay the first.
  const header = bare[3] === APP0 ? 4 + ((bare[4] << 8) | bare[5]) : 2;
  const all = [bare.subarray(0, header), ...added, bare.subarray(header)];
  return new Blob([joined(all)], { type: 'image/jpeg' });
}

/**
 * A JPEG without what its decoder does not need. Adobe's segment tells the colour space.
 *
 * @param {Uint8Array} jpeg
 * @param {import('./segments.js').Segment[]} parts its segments
 */
export function withoutMetadata(jpeg, parts) {
  const kept = [jpeg.subarray(0, 2)];
  let position = 2;
  for (const { code, start, end } of parts) {
    const isApplication = code >= APP0 && code <= APP15;
    const isUnneeded = code === COMMENT || (isApplication && code !== APP0 && code !== APP14);
    if (!isUnneeded) kept.push(jpeg.subarray(start, end));
    position = end;
  }
  return joined([...kept, jpeg.subarray(position)]);
}

/**
 * @param {number} code
 * @param {string} header Latin-1
 * @param {Uint8Array} payload short enough for a segment
 */
function segment(code, header, payload) {
  const length = header.length + payload.length + 2;
  const bytes = Uint8Array.from(header, (letter) => letter.charCodeAt(0));
  return joined([Uint8Array.of(0xff, code, length >> 8, length & 255), bytes, payload]);
}

/**
 * @param {Uint8Array[]} pieces
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}

/** @param {Uint8Array} bytes */
function decoded(bytes) {
  return new TextDecoder().decode(bytes);
}
