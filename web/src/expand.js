/** From a compact file to the photograph's file. Runs in a worker. */
import { decode } from './decode.js';
import {
  DamagedFileError,
  NoMarkerError,
  TooLargeError,
  UnsupportedFormatError,
} from './errors.js';
import { findMarker, kindOf, placed } from './marker.js';
import { orientation, readMetadata, restoredMetadata, withMetadata } from './metadata.js';
import { encodePng } from './png.js';
import { restore } from './restore.js';
import { frameOf, segmentsOf } from './segments.js';
import { readTables } from './tables.js';

const MAX_PIXELS = 100_000_000;
// Encoders write ten or so; each goes over all pixels, and a hundred bytes make one.
const MAX_SCANS = 200;
const JPEG_QUALITY = 0.95;

/**
 * @typedef {object} Options
 * @property {string} models URL of the models' folder, with a slash at its end
 * @property {'image/png' | 'image/jpeg'} [type] of the result
 * @property {number} [maxPixels] of the photograph: one of more is refused
 */

/**
 * @param {Blob} blob
 * @param {Options} options
 * @param {import('./model.js').Models} models
 * @param {(share: number) => Promise<void>} onWindow after every window; may throw to cancel
 * @returns {Promise<Blob>}
 */
export async function expandFile(blob, options, models, onWindow) {
  const file = new Uint8Array(await blob.arrayBuffer());
  const marker = findMarker(file);
  if (!marker) throw new NoMarkerError('an ordinary picture: it has no marker');
  if (kindOf(file) !== 'JPEG') {
    throw new UnsupportedFormatError(`a compact ${kindOf(file)}, which browsers cannot expand yet`);
  }
  const parts = segmentsOf(file);
  const compactSize = sizeOf(file, parts);
  const fitting = placed(marker, compactSize);
  if (!fitting) return blob; // as large as the photograph already
  checkSize(fitting, options.maxPixels ?? MAX_PIXELS);
  const tables = readTables(parts);
  const [network, compact] = await Promise.all([
    models.network(fitting, options.models),
    decode(file, parts, compactSize),
  ]);
  const metadata = readMetadata(parts);
  const how = { size: fitting, tables, orientation: orientation(metadata), onWindow };
  const isGray = compactSize.components === 1;
  const photograph = await restore(compact, network, { ...how, isGray });
  const told = restoredMetadata(metadata, photograph, fitting.scale);
  return options.type === 'image/jpeg'
    ? encodeJpeg(photograph, told)
    : encodePng(photograph, told);
}

/**
 * @param {Uint8Array} file
 * @param {import('./segments.js').Segment[]} parts
 */
function sizeOf(file, parts) {
  const frame = frameOf(parts);
  if (!frame || !frame.width || !frame.height) {
    throw new DamagedFileError('cannot be read as an image (no size)');
  }
  if (numScans(file) > MAX_SCANS) {
    throw new DamagedFileError(`a JPEG of more than ${MAX_SCANS} scans: to decode it may take hours`);
  }
  return frame;
}

/** @param {Uint8Array} file */
function numScans(file) {
  let number = 0;
  for (let at = file.indexOf(0xff); at >= 0; at = file.indexOf(0xff, at + 1)) {
    if (file[at + 1] === 0xda) number += 1;
  }
  return number;
}

/**
 * @param {{width: number, height: number}} size
 * @param {number} maxPixels
 */
function checkSize({ width, height }, maxPixels) {
  if (width * height > maxPixels) {
    throw new TooLargeError(`${width}x${height} is more than the limit of ${maxPixels} pixels`);
  }
}

/**
 * @param {import('./restore.js').Photograph} photograph
 * @param {import('./metadata.js').Metadata} metadata
 */
async function encodeJpeg({ width, height, channels, pixels }, metadata) {
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * pixel + channel] = pixels[channels * pixel + (channels === 1 ? 0 : channel)];
    }
    image.data[4 * pixel + 3] = 255;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
  return withMetadata(new Uint8Array(await blob.arrayBuffer()), metadata);
}
