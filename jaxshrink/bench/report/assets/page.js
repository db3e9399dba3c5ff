"use strict";
// The data, and what all parts of the page share.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (selector, root = document) => root.querySelector(selector);

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "circle", "line", "text", "rect", "g"].includes(tag);
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Scores are fixed-point; MS-SSIM and SSIM are linear here and need more digits.
const DIGITS = { "psnr": 2, "ms-ssim": 4, "ssim": 4, "ssimulacra2": 2 };
const format = (value, digits) => (value == null ? "–" : value.toFixed(digits));
const signed = (value, digits) =>
  value == null ? "–" : (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
const bytes = (count) => count.toLocaleString("en") + " bytes";

// The shown method gets the accent, the JPEG anchors stay gray, the others share what is left.
const ANCHORS = { "jpeg": 1, "jpeg-optimized": 2 };
const colors = {};
let nextColor = 3;
for (const curve of data.curves) {
  let index = ANCHORS[curve.name];
  if (curve.name === data.shown.method) index = 0;
  if (index === undefined) index = nextColor++;
  colors[curve.name] = `var(--c${index < 10 ? index : 3 + ((index - 3) % 7)})`;
}

function writeHeadline() {
  const { method } = data.shown;
  const anchor = data.anchors[0];
  const rates = anchor.bdRates[method];
  $("#headline").textContent = data.title;
  const images = data.numImages === 1 ? "one image" : `${data.numImages} images`;
  let text = `${data.curves.length} curves on ${images}. `;
  const found = data.bdMetrics
    .filter(({ name }) => rates[name].bd_rate != null)
    .map(({ name, title }) => {
      const rate = rates[name].bd_rate;
      const more = rate < 0 ? "fewer" : "more";
      return `${Math.abs(rate).toFixed(1)}\u00a0% ${more} at equal ${title.replace(" (dB)", "")}`;
    });
  if (found.length && method !== anchor.name) {
    const list = new Intl.ListFormat("en").format(found);
    text += `In bytes, ${method} takes ${list} than ${anchor.name}, `
      + "over the qualities that both reach.";
  }
  $("#summary").textContent = text;
}

function writeProblems() {
  $("#problems").hidden = data.problems.length === 0;
  $("#problems ul").append(...data.problems.map((problem) => make("li", {}, problem)));
  $("#versions").textContent = "Made with "
    + Object.entries(data.versions).map(([name, version]) => `${name} ${version}`).join(", ") + ".";
}

writeHeadline();
writeProblems();
