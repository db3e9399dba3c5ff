"use strict";
// Rate-distortion curves.
const chart = { metric: data.metrics[0].name, log: false, hidden: new Set() };
const FRAME = { width: 0, height: 0, left: 44, right: 12, top: 12, bottom: 52 };

function visibleLines() {
  const lines = [];
  for (const curve of data.curves) {
    if (chart.hidden.has(curve.name)) continue;
    for (const [prefix, kind] of [["", curve.published ? "published" : ""], ["plain-", "plain"]]) {
      const values = curve.lines[prefix + chart.metric];
      if (!values) continue;
      const points = curve.bpp.map((bpp, i) => ({ bpp, value: values[i] }))
        .filter((point) => point.value != null);
      const label = prefix ? `${curve.name}, plain view` : curve.name;
      lines.push({ label, kind, points, color: colors[curve.name] });
    }
  }
  return lines;
}

// Round steps of 1, 2 or 5 times a power of ten, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

function logTicks(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    found.push(...[1, 2, 5].map((m) => m * 10 ** power));
  }
  return found.filter((tick) => tick >= low && tick <= high);
}

function scales(points) {
  const rates = points.map((point) => point.bpp);
  const values = points.map((point) => point.value);
  // A rate of twice the window's end tells no more, and squeezes the rest.
  const x1 = Math.min(Math.max(...rates), 1.6 * data.window[1]) * 1.02;
  const x0 = chart.log ? Math.min(...rates) / 1.1 : 0;
  const inside = points.filter((point) => point.bpp <= x1).map((point) => point.value);
  const shown = inside.length ? inside : values;
  const pad = (Math.max(...shown) - Math.min(...shown)) * 0.04 || 1;
  const [y0, y1] = [Math.min(...shown) - pad, Math.max(...shown) + pad];
  const place = chart.log ? Math.log : (rate) => rate;
  const innerWidth = FRAME.width - FRAME.left - FRAME.right;
  const innerHeight = FRAME.height - FRAME.top - FRAME.bottom;
  return {
    x: (rate) => FRAME.left + innerWidth * (place(rate) - place(x0 || 0)) / (place(x1) - place(x0 || 0)),
    y: (value) => FRAME.top + innerHeight * (y1 - value) / (y1 - y0),
    xTicks: chart.log ? logTicks(x0, x1) : ticks(x0, x1, innerWidth / 60),
    yTicks: ticks(y0, y1, 6),
    x0, x1,
  };
}

function drawAxes(svg, scale) {
  const bottom = FRAME.height - FRAME.bottom;
  const right = FRAME.width - FRAME.right;
  const [low, high] = data.window.map((rate) => scale.x(Math.min(Math.max(rate, scale.x0), scale.x1)));
  svg.append(make("rect", {
    class: "window", x: low, width: Math.max(0, high - low), y: FRAME.top, height: bottom - FRAME.top,
  }));
  for (const tick of scale.xTicks) {
    const x = scale.x(tick);
    svg.append(make("line", { class: "grid", x1: x, x2: x, y1: FRAME.top, y2: bottom }));
    svg.append(make("text", { x, y: bottom + 22, "text-anchor": "middle" }, String(+tick.toPrecision(6))));
  }
  for (const tick of scale.yTicks) {
    const y = scale.y(tick);
    svg.append(make("line", { class: "grid", x1: FRAME.left, x2: right, y1: y, y2: y }));
    svg.append(make("text", { x: FRAME.left - 10, y: y + 5, "text-anchor": "end" }, String(+tick.toPrecision(6))));
  }
  const title = data.metrics.find((metric) => metric.name === chart.metric).title;
  svg.append(make("text", { x: right, y: bottom + 44, "text-anchor": "end" }, "bits per pixel"));
  svg.append(make("text", { x: FRAME.left + 10, y: FRAME.top + 18 }, title));
}

function drawLine(svg, line, scale, tip) {
  const points = line.points.filter((point) => point.bpp <= scale.x1);
  const path = points.map((p, i) => `${i ? "L" : "M"}${scale.x(p.bpp)} ${scale.y(p.value)}`).join("");
  svg.append(make("path", { class: `line ${line.kind}`, d: path, style: `stroke: ${line.color}` }));
  for (const point of points) {
    const text = `${line.label}: ${point.bpp.toFixed(3)} bpp, ${point.value.toFixed(2)}`;
    const show = () => {
      tip.hidden = false;
      tip.textContent = text;
      const half = tip.offsetWidth / 2;
      tip.style.left = `${Math.min(Math.max(scale.x(point.bpp), half), FRAME.width - half)}px`;
      tip.style.top = `${scale.y(point.value)}px`;
    };
    const hide = () => { tip.hidden = true; };
    svg.append(make("circle", {
      cx: scale.x(point.bpp), cy: scale.y(point.value), r: 5, tabindex: 0, role: "img",
      "aria-label": text, style: `fill: ${line.color}`,
      onpointerenter: show, onpointerleave: hide, onfocus: show, onblur: hide,
    }));
  }
}

function drawChart() {
  FRAME.width = $(".chart").clientWidth;
  FRAME.height = Math.min(520, Math.max(300, 0.5 * FRAME.width));
  const lines = visibleLines();
  const points = lines.flatMap((line) => line.points);
  const tip = make("div", { class: "tip", hidden: true });
  const svg = make("svg", {
    width: FRAME.width, height: FRAME.height, role: "group", "aria-label": "Rate-distortion curves",
  });
  if (points.length) {
    const scale = scales(points);
    drawAxes(svg, scale);
    for (const line of lines) drawLine(svg, line, scale, tip);
  }
  $(".chart").replaceChildren(svg, tip);
}

function pressed(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

function setUpChart() {
  const tabs = data.metrics.map((metric) => make("button", {
    type: "button",
    onclick: () => {
      chart.metric = metric.name;
      tabs.forEach((tab, i) => pressed(tab, data.metrics[i].name === chart.metric));
      drawChart();
    },
  }, metric.title));
  tabs.forEach((tab, i) => pressed(tab, data.metrics[i].name === chart.metric));
  $(".tabs").append(...tabs);
  $("#log-rate").addEventListener("change", (event) => {
    chart.log = event.target.checked;
    drawChart();
  });
  for (const curve of data.curves) {
    const button = make("button", { type: "button", "aria-pressed": "true", title: curve.description },
      make("span", { class: "swatch", style: `background: ${colors[curve.name]}` }), curve.name);
    button.addEventListener("click", () => {
      const shown = chart.hidden.delete(curve.name);
      if (!shown) chart.hidden.add(curve.name);
      pressed(button, shown);
      drawChart();
    });
    $(".legend").append(button);
  }
  // Draws at once, and again at every new width.
  new ResizeObserver(() => {
    if ($(".chart").clientWidth !== FRAME.width) drawChart();
  }).observe($(".chart"));
  drawChart();
}

setUpChart();
