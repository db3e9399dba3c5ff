/** A PNG of 8 bits: what a canvas would write, but with a profile, in gray, and row by row. */
import { joined } from './metadata.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const CRC = crcTable();
const ROWS_AT_ONCE = 64;
const PAETH = 4;

/**
 * @param {object} image
 * @param {number} image.width
 * @param {number} image.height
 * @param {1 | 3} image.channels
 * @param {Uint8Array} image.pixels row by row
 * @param {import('./metadata.js').Metadata} metadata
 * @returns {Promise<Blob>}
 */
export async function encodePng({ width, height, channels, pixels }, { exif, icc, xmp }) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? 0 : 2], 8);
  const parts = [SIGNATURE, ...chunk('IHDR', [header])];
  if (icc.length) parts.push(...chunk('iCCP', [ascii('icc\0\0'), ...(await deflated([icc]))]));
  if (exif.length) parts.push(...chunk('eXIf', [exif]));
  if (xmp.length) parts.push(...chunk('iTXt', [ascii('XML:com.adobe.xmp\0\0\0\0\0'), xmp]));
  for (const piece of await deflated(filtered(pixels, width * channels, height, channels))) {
    parts.push(...chunk('IDAT', [piece]));
  }
  return new Blob([...parts, ...chunk('IEND', [])], { type: 'image/png' });
}

/**
 * Rows as differences from what their neighbours foretell (Paeth's filter), some at a time.
 *
 * @param {Uint8Array} pixels
 * @param {number} stride bytes of a row
 * @param {number} height
 * @param {number} step bytes of a pixel
 * @returns {Generator<Uint8Array<ArrayBuffer>>}
 */
function* filtered(pixels, stride, height, step) {
  for (let first = 0; first < height; first += ROWS_AT_ONCE) {
    const rows = Math.min(ROWS_AT_ONCE, height - first);
    const out = new Uint8Array(rows * (stride + 1));
    for (let row = 0; row < rows; row += 1) {
      const at = row * (stride + 1);
      out[at] = PAETH;
      filterRow(pixels, (first + row) * stride, stride, step, out, at + 1);
    }
    yield out;
  }
}

/**
 * @param {Uint8Array} pixels
 * @param {number} from where the row begins
 * @param {number} stride
 * @param {number} step
 * @param {Uint8Array} out
 * @param {number} to
 */
function filterRow(pixels, from, stride, step, out, to) {
  const hasAbove = from > 0;
  for (let index = 0; index < stride; index += 1) {
    const at = from + index;
    const left = index >= step ? pixels[at - step] : 0;
    const above = hasAbove ? pixels[at - stride] : 0;
    const corner = hasAbove && index >= step ? pixels[at - stride - step] : 0;
    const fromLeft = Math.abs(above - corner);
    const fromAbove = Math.abs(left - corner);
    const fromCorner = Math.abs(left + above - 2 * corner);
    let foretold = corner;
    if (fromLeft <= fromAbove && fromLeft <= fromCorner) foretold = left;
    else if (fromAbove <= fromCorner) foretold = above;
    out[to + index] = pixels[at] - foretold;
  }
}

/**
 * Compressed as zlib has it, in pieces.
 *
 * @param {Iterable<Uint8Array>} data
 * @returns {Promise<Uint8Array<ArrayBuffer>[]>}
 */
async function deflated(data) {
  const stream = new CompressionStream('deflate');
  const writing = write(stream.writable.getWriter(), data);
  const pieces = [];
  const reader = stream.readable.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    pieces.push(read.value);
  }
  await writing;
  return pieces;
}

/**
 * @param {WritableStreamDefaultWriter} writer
 * @param {Iterable<Uint8Array>} data
 */
async function write(writer, data) {
  for (const piece of data) {
    await writer.ready;
    await writer.write(piece);
  }
  await writer.close();
}

/**
 * @param {string} name of four letters
 * @param {Uint8Array[]} payload
 * @returns {Uint8Array<ArrayBuffer>[]} the whole chunk in pieces
 */
function chunk(name, payload) {
  const body = joined([ascii(name), ...payload]);
  return [number(body.length - 4), body, number(checksum(body))];
}

/** @param {number} value */
function number(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** @param {string} text */
function ascii(text) {
  return new TextEncoder().encode(text);
}

/** @param {Uint8Array} bytes */
function checksum(bytes) {
  let crc = -1;
  for (let index = 0; index < bytes.length; index += 1) {
    crc = CRC[(crc ^ bytes[index]) & 255] ^ (crc >>> 8);
  }
  return ~crc;
}

function crcTable() {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    return crc;
  });
}
