"use strict";
// BD-rates, bytes at equal scores, plain views, and figures per image.

function rateCell(result) {
  if (result.bd_rate == null) return make("td", { class: "quiet", title: result.reason }, result.reason.split(":")[0]);
  const gain = result.bd_quality == null ? "" : `; at equal bytes ${signed(result.bd_quality, 2)}`;
  const cell = percentCell(result.bd_rate);
  cell.setAttribute("title", `over ${overlapText(result)}${gain}`);
  return cell;
}

function percentCell(percent) {
  if (percent == null) return make("td", { class: "quiet" }, "–");
  const kind = Math.abs(percent) < 0.05 ? "" : percent < 0 ? "good" : "bad";
  return make("td", { class: kind }, `${signed(percent, 1)}\u00a0%`);
}

const overlapText = (result) =>
  result.overlap ? `${result.overlap[0].toFixed(1)}…${result.overlap[1].toFixed(1)}` : "–";

const methodHead = (curve) => make("th", { scope: "row" },
  make("span", { class: "swatch", style: `background: ${colors[curve.name]}` }), curve.name);

const columnHead = (text) => make("th", { scope: "col" }, text);

// One row per curve, one group of columns per anchor; `cells` are those of a curve and an anchor.
function writeComparison(table, heads, cells) {
  const top = make("tr", { class: "group" }, make("th"));
  const head = make("tr", {}, columnHead("Method"));
  for (const anchor of data.anchors) {
    top.append(make("th", { colspan: heads.length, scope: "colgroup" }, `against ${anchor.name}`));
    head.append(...heads.map(columnHead));
  }
  const rows = data.curves.map((curve) => make("tr", {}, methodHead(curve),
    ...data.anchors.flatMap((anchor) => cells(anchor.bdRates[curve.name]))));
  table.append(make("thead", {}, top, head), make("tbody", {}, ...rows));
}

function writeSavings() {
  const [low, high] = data.window;
  $("#window").textContent = `BD-rate between ${low} and ${high} bits per pixel: bytes for the same `
    + "quality, against each kind of JPEG; negative is better. Beside it the overlap of qualities "
    + "that it is a mean over, and what is gained at equal bytes.";
  const heads = data.bdMetrics.flatMap(({ title }) => [title, "overlap", "gain"]);
  writeComparison($("#savings table"), heads, (results) => data.bdMetrics.flatMap(({ name }) => {
    const result = results[name];
    return [rateCell(result), make("td", { class: "quiet" }, overlapText(result)),
      make("td", { class: "quiet" }, signed(result.bd_quality, 2))];
  }));
  writeComparison($("#equal-scores table"), data.equalScores.map(String), (results) =>
    data.equalScores.map((score) => percentCell(results.bytes_at_equal_ssimulacra2[score])));
}

// What viewers show of a model's files, by quality.
function writePlainViews() {
  const models = data.curves.filter((curve) => curve.plain["plain-half-size"]);
  if (!models.length) return;
  $("#plain").hidden = false;
  const metrics = data.metrics.filter(({ name }) => models[0].plain[`plain-${name}`]);
  const heads = ["Method", "quality", "bpp", "half size",
    ...metrics.flatMap(({ title }) => [title.replace(" (dB)", ""), "JPEG"]), "colour off by"];
  const rows = models.flatMap((curve) => curve.bpp.map((bpp, i) => {
    const scores = metrics.flatMap(({ name }) => ["plain-", "plain-jpeg-"].map((prefix) =>
      make("td", {}, format(curve.plain[prefix + name][i], DIGITS[name]))));
    const cells = [String(curve.plain.quality[i]), format(bpp, 3),
      `${Math.round(100 * curve.plain["plain-half-size"][i])}\u00a0%`];
    return make("tr", {}, methodHead(curve), ...cells.map((text) => make("td", {}, text)), ...scores,
      make("td", {}, format(curve.plain["plain-colour-offset"][i], 1)));
  }));
  $("#plain table").append(make("thead", {}, make("tr", {}, ...heads.map(columnHead))),
    make("tbody", {}, ...rows));
}

// Columns of the table per image: title, value to sort by, text.
function imageColumns() {
  const columns = [
    { title: "Image", value: (p) => p.image, text: (p) => p.image },
    { title: "bpp", value: (p) => p.our_point.bpp, text: (p) => format(p.our_point.bpp, 3) },
  ];
  for (const { name, title } of data.metrics) {
    const ours = (p) => p.our_point.scores[name];
    const jpeg = (p) => p.jpeg_point.scores[name];
    const gain = (p) => (ours(p) == null || jpeg(p) == null ? null : ours(p) - jpeg(p));
    const short = title.replace(" (dB)", "");
    columns.push({ title: short, value: ours, text: (p) => format(ours(p), DIGITS[name]) });
    columns.push({ title: "JPEG", value: jpeg, text: (p) => format(jpeg(p), DIGITS[name]) });
    columns.push({ title: "gain", value: gain, text: (p) => signed(gain(p), DIGITS[name]), gain: true });
  }
  return columns;
}

function writeImages() {
  if (!data.pictures.length) return;
  $("#images").hidden = false;
  $("#images p").textContent = `${data.shown.method} at quality ${data.shown.quality}, and the `
    + "optimized JPEG of the same image in no more bytes. Choose a column to sort by it, an image to see it.";
  const columns = imageColumns();
  const body = make("tbody");
  let sorted = { column: null, sign: 1 };
  const fill = (pictures) => body.replaceChildren(...pictures.map((p) => {
    const row = make("tr", { "data-image": p.image });
    columns.forEach((column, i) => {
      const gain = column.gain ? column.value(p) : null;
      const cell = make("td", { class: gain == null ? false : gain > 0 ? "good" : gain < 0 ? "bad" : false });
      cell.append(i ? column.text(p) : make("button", { type: "button", onclick: () => openImage(p.image) }, p.image));
      row.append(cell);
    });
    return row;
  }));
  const heads = columns.map((column) => make("th", { scope: "col" },
    make("button", { type: "button", onclick: () => sortBy(column) }, column.title)));
  const sortBy = (column) => {
    sorted = { column, sign: sorted.column === column ? -sorted.sign : 1 };
    heads.forEach((head, i) => {
      if (columns[i] === column) head.setAttribute("aria-sort", sorted.sign > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
      head.firstChild.textContent = columns[i].title
        + (columns[i] === column ? (sorted.sign > 0 ? " ↑" : " ↓") : "");
    });
    const order = (a, b) => (a == null) - (b == null)
      || sorted.sign * (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
    fill([...data.pictures].sort((a, b) => order(column.value(a), column.value(b))));
  };
  $("#images table").append(make("thead", {}, make("tr", {}, ...heads)), body);
  fill(data.pictures);
}

writeSavings();
writePlainViews();
writeImages();
