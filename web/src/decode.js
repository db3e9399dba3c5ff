/** A JPEG's pixels as they are stored, by the browser's own decoder: neither turned nor converted. */
import { DamagedFileError } from './errors.js';
import { withoutMetadata } from './metadata.js';

const END_OF_IMAGE = Uint8Array.of(0xff, 0xd9);

/**
 * @typedef {object} Pixels
 * @property {number} width
 * @property {number} height
 * @property {Uint8ClampedArray} rgba row by row, four bytes a pixel
 */

/**
 * @param {Uint8Array} jpeg
 * @param {import('./segments.js').Segment[]} parts its segments
 * @param {{width: number, height: number}} size that it must have
 * @returns {Promise<Pixels>}
 * @throws {DamagedFileError} if it cannot be decoded
 */
export async function decode(jpeg, parts, size) {
  // Browsers differ in what they can be told to ignore: a profile, an orientation.
  const bare = withoutMetadata(jpeg, parts);
  if (hasEnd(jpeg)) return decodeBare([bare], size);
  // Where pixels are missing, whatever follows the data changes them; where none are, nothing does.
  const noise = Uint8Array.from({ length: 254 }, (_, index) => index + 1);
  const first = await decodeBare([bare, END_OF_IMAGE], size);
  const second = await decodeBare([bare, noise, END_OF_IMAGE], size);
  if (first.rgba.some((value, index) => value !== second.rgba[index])) throw broken();
  return first;
}

/** @param {Uint8Array} jpeg */
function hasEnd(jpeg) {
  let end = jpeg.length;
  while (end && jpeg[end - 1] === 0) end -= 1;
  return jpeg[end - 2] === END_OF_IMAGE[0] && jpeg[end - 1] === END_OF_IMAGE[1];
}

/**
 * @param {Uint8Array<ArrayBuffer>[]} pieces
 * @param {{width: number, height: number}} size
 * @returns {Promise<Pixels>}
 */
async function decodeBare(pieces, { width, height }) {
  const blob = new Blob(pieces, { type: 'image/jpeg' });
  const bitmap = await createImageBitmap(blob, {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  }).catch(() => {
    throw broken();
  });
  try {
    if (bitmap.width !== width || bitmap.height !== height) throw broken();
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no canvas');
    context.drawImage(bitmap, 0, 0);
    return { width, height, rgba: context.getImageData(0, 0, width, height).data };
  } finally {
    bitmap.close();
  }
}

function broken() {
  return new DamagedFileError('broken or truncated image');
}
