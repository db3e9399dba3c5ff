/**
 * Large images as overlapping windows, as jaxshrink/inference/windows.py cuts them: none leaves
 * the image, and the last of a row is moved back until it ends where the image does.
 */

/**
 * A window along one axis: [start, stop) is looked at, [first, last) is kept.
 *
 * @typedef {{start: number, stop: number, first: number, last: number}} Span
 */

/**
 * Windows whose kept parts cover an image once, those that cost least.
 *
 * @param {[number, number]} size (H, W) in pixels, whole units
 * @param {number} overlap of neighbours at least, in pixels
 * @param {number} largest a limit on a window's side in pixels, where the overlap allows it
 * @param {number} unit that windows begin and end at a multiple of
 * @param {number[]} sides that windows may have, in units
 * @returns {{rows: Span, columns: Span}[]}
 */
export function cover(size, overlap, largest, unit, sides) {
  const [heights, widths] = size.map((length) => {
    const fitting = sides.map((side) => side * unit);
    const possible = fitting.filter((side) => overlap < side && side <= length);
    const small = possible.filter((side) => side <= largest);
    if (small.length) return small;
    return possible.length ? possible.slice(0, 1) : [length];
  });
  const shapes = heights.flatMap((height) => widths.map((width) => [height, width]));
  const costs = shapes.map((shape) => {
    const number = count(size[0], shape[0], overlap, unit) * count(size[1], shape[1], overlap, unit);
    return { shape, area: number * shape[0] * shape[1], number };
  });
  costs.sort((one, other) => one.area - other.area || one.number - other.number);
  const [height, width] = costs[0].shape;
  const columns = spans(size[1], width, overlap, unit);
  return spans(size[0], height, overlap, unit).flatMap((rows) =>
    columns.map((span) => ({ rows, columns: span })),
  );
}

/**
 * Windows of one side along an axis; one window where the axis is no longer than it.
 *
 * @param {number} length
 * @param {number} side
 * @param {number} overlap
 * @param {number} unit
 * @returns {Span[]}
 */
export function spans(length, side, overlap, unit) {
  if (length <= side) return [{ start: 0, stop: length, first: 0, last: length }];
  const number = count(length, side, overlap, unit);
  const free = (length - side) / unit;
  const starts = Array.from(
    { length: number },
    (_, index) => unit * roundHalfEven((index * free) / (number - 1)),
  );
  const inner = starts.slice(1).map((after, index) => Math.floor((starts[index] + side + after) / 2));
  const borders = [0, ...inner, length];
  return starts.map((start, index) => ({
    start,
    stop: start + side,
    first: borders[index],
    last: borders[index + 1],
  }));
}

/**
 * How many windows of a side cover an axis, whose starts are rounded to units.
 *
 * @param {number} length
 * @param {number} side
 * @param {number} overlap
 * @param {number} unit
 */
function count(length, side, overlap, unit) {
  if (length <= side) return 1;
  const step = Math.floor((side - overlap) / unit) * unit;
  return 1 + Math.ceil((length - side) / step);
}

/**
 * As Python rounds.
 *
 * @param {number} value
 */
function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
