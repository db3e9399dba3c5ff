/** Where a stored pixel lies once the picture is upright, as EXIF's orientation has it. */

/**
 * Pixel (x, y) of the stored picture is pixel `origin + x * alongX + y * alongY` of the upright
 * one.
 *
 * @typedef {object} Placement
 * @property {number} width of the upright picture
 * @property {number} height
 * @property {number} origin
 * @property {number} alongX
 * @property {number} alongY
 */

/**
 * @param {{width: number, height: number}} size of the stored picture
 * @param {number} orientation 1 to 8
 * @returns {Placement}
 */
export function placement({ width, height }, orientation) {
  const isTransposed = orientation > 4;
  const upright = isTransposed ? { width: height, height: width } : { width, height };
  const [right, down] = isTransposed ? [height, 1] : [1, width];
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  return {
    ...upright,
    origin: (fromRight ? right * (width - 1) : 0) + (fromBottom ? down * (height - 1) : 0),
    alongX: fromRight ? -right : right,
    alongY: fromBottom ? -down : down,
  };
}
