"use strict";
// Two pictures of one image, a divider between them, zoom to the pixels.
const KINDS = { original: "Original", jpeg: "JPEG", ours: data.shown.method };
const ZOOMS = [["fit", "Fit"], [1, "1×"], [2, "2×"], [4, "4×"], [8, "8×"]];
const view = { index: 0, left: "jpeg", right: "ours", zoom: "fit", split: 50, x: 0, y: 0 };
const stage = $(".stage");
const divider = $(".divider");
const layers = { left: $(".stage > img.left"), right: $(".stage > img.right") };

const shownPicture = () => data.pictures[view.index];

function layOut() {
  const picture = shownPicture();
  if (!picture.width) return;
  stage.style.width = "";
  const fit = Math.min(stage.clientWidth / picture.width, 0.8 * window.innerHeight / picture.height);
  const scale = view.zoom === "fit" ? fit : Number(view.zoom);
  const fitted = fit * picture.height;
  stage.style.height = `${fitted}px`;
  if (view.zoom === "fit") stage.style.width = `${fit * picture.width}px`;
  // The view's centre, in image pixels, kept where no edge comes inside of the stage.
  const clamp = (centre, size, room) =>
    size * scale <= room ? size / 2 : Math.min(Math.max(centre, room / 2 / scale), size - room / 2 / scale);
  view.x = clamp(view.x, picture.width, stage.clientWidth);
  view.y = clamp(view.y, picture.height, fitted);
  view.scale = scale;
  const left = stage.clientWidth / 2 - view.x * scale;
  const top = fitted / 2 - view.y * scale;
  const edge = view.split / 100 * stage.clientWidth;
  for (const image of Object.values(layers)) {
    image.style.width = `${picture.width * scale}px`;
    image.style.height = `${picture.height * scale}px`;
    image.style.left = `${left}px`;
    image.style.top = `${top}px`;
  }
  layers.left.style.clipPath = `inset(0 ${Math.max(0, picture.width * scale + left - edge)}px 0 0)`;
  divider.style.left = `${view.split}%`;
  divider.setAttribute("aria-valuenow", Math.round(view.split));
  stage.classList.toggle("pixels", scale > 1.5);
  stage.classList.toggle("zoomed", picture.width * scale > stage.clientWidth + 1 || picture.height * scale > fitted + 1);
}

function moveSplit(split) {
  view.split = Math.min(100, Math.max(0, split));
  layOut();
}

function setZoom(zoom) {
  view.zoom = zoom;
  const radio = $(`input[name="zoom"][value="${zoom}"]`);
  if (radio) radio.checked = true;
  layOut();
}

function stepZoom(step) {
  const steps = ZOOMS.map(([zoom]) => zoom);
  setZoom(steps[Math.min(steps.length - 1, Math.max(0, steps.indexOf(view.zoom) + step))]);
}

function showFacts(picture) {
  const ours = picture.our_point;
  const jpeg = picture.jpeg_point;
  const columns = [["JPEG", jpeg.scores, jpeg], [data.shown.method, ours.scores, ours]];
  if (ours.plain) columns.push(["plain view", ours.plain.scores, ours]);
  $(".facts thead").replaceChildren(make("tr", {}, make("th"),
    ...columns.map(([title]) => make("th", { scope: "col" }, title))));
  const rows = [["bytes", (s, point) => point.num_bytes.toLocaleString("en")], ["bpp", (s, point) => format(point.bpp, 3)]];
  for (const { name, title } of data.metrics) {
    rows.push([title.replace(" (dB)", ""), (scores) => format(scores[name], DIGITS[name])]);
  }
  rows.push(["quality", (s, point) => String(point.quality)]);
  $(".facts tbody").replaceChildren(...rows.map(([title, cell]) => make("tr", {}, make("th", { scope: "row" }, title),
    ...columns.map(([, scores, point]) => make("td", {}, cell(scores, point))))));
  $(".note").textContent = picture.over_budget
    ? "No JPEG of this image is as small: even quality 1 takes more bytes." : "";
  const figure = $("aside figure");
  figure.hidden = !picture.compact;
  if (picture.compact) {
    $(".compact").src = picture.compact;
    $("figcaption").textContent = `The compact image: what the file of ${bytes(ours.num_bytes)} `
      + "shows in any viewer, without the model.";
  }
}

function showSides() {
  const picture = shownPicture();
  for (const side of ["left", "right"]) {
    layers[side].src = picture[view[side]];
    layers[side].alt = `${KINDS[view[side]]} of ${picture.image}`;
    $(`.tag.${side}`).textContent = KINDS[view[side]];
  }
}

async function showImage(index) {
  view.index = (index + data.pictures.length) % data.pictures.length;
  const picture = shownPicture();
  $(".picker select").value = picture.image;
  for (const row of document.querySelectorAll("#images tbody tr")) {
    row.setAttribute("aria-selected", row.dataset.image === picture.image);
  }
  showSides();
  showFacts(picture);
  await Promise.all(Object.values(layers).map((image) => image.decode().catch(() => {})));
  if (picture !== shownPicture()) return;
  if (!picture.width) {
    picture.width = layers.right.naturalWidth;
    picture.height = layers.right.naturalHeight;
  }
  view.x = picture.width / 2;
  view.y = picture.height / 2;
  layOut();
}

function openImage(name) {
  showImage(data.pictures.findIndex((picture) => picture.image === name));
  $("#pictures").scrollIntoView();
}

function addChoices(side, choices, chosen, choose) {
  const labels = choices.map(([value, title]) => make("label", {},
    make("input", { type: "radio", name: side, value, checked: value === chosen, onchange: () => choose(value) }), title));
  $(`fieldset[data-side="${side}"]`).append(make("div", { class: "choices" }, ...labels));
}

function followPointer() {
  stage.addEventListener("pointerdown", (down) => {
    if (down.button) return;
    const onDivider = divider.contains(down.target);
    const zoomed = stage.classList.contains("zoomed");
    const splitAt = (event) => moveSplit((event.clientX - stage.getBoundingClientRect().left) / stage.clientWidth * 100);
    let last = down;
    const move = (event) => {
      if (onDivider || !zoomed) splitAt(event);
      else {
        view.x -= (event.clientX - last.clientX) / view.scale;
        view.y -= (event.clientY - last.clientY) / view.scale;
        layOut();
      }
      last = event;
    };
    const up = () => {
      stage.removeEventListener("pointermove", move);
      stage.classList.remove("moving");
    };
    if (onDivider || !zoomed) splitAt(down);
    stage.classList.toggle("moving", zoomed && !onDivider);
    stage.setPointerCapture(down.pointerId);
    stage.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, up, { once: true });
  });
}

function followKeys() {
  divider.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 2;
    const moves = { ArrowLeft: view.split - step, ArrowRight: view.split + step, Home: 0, End: 100 };
    if (!(event.key in moves)) return;
    moveSplit(moves[event.key]);
    event.preventDefault();
    event.stopPropagation();
  });
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 60 / (view.scale || 1);
    const zoomed = stage.classList.contains("zoomed");
    const pan = (x, y) => { view.x += x * step; view.y += y * step; layOut(); };
    const actions = {
      "+": () => stepZoom(1), "=": () => stepZoom(1), "-": () => stepZoom(-1), "0": () => setZoom("fit"),
      n: () => showImage(view.index + 1), p: () => showImage(view.index - 1),
    };
    const pans = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (zoomed && pans[event.key]) pan(...pans[event.key]);
    else if (actions[event.key.toLowerCase()]) actions[event.key.toLowerCase()]();
    else return;
    event.preventDefault();
  });
}

function setUpSlider() {
  if (!data.pictures.length) return;
  $("#pictures").hidden = false;
  $(".picker select").append(...data.pictures.map((picture) => make("option", {}, picture.image)));
  $(".picker select").addEventListener("change", (event) => showImage(event.target.selectedIndex));
  for (const button of document.querySelectorAll(".picker button")) {
    button.addEventListener("click", () => showImage(view.index + Number(button.dataset.step)));
  }
  for (const side of ["left", "right"]) {
    addChoices(side, Object.entries(KINDS), view[side], (kind) => { view[side] = kind; showSides(); });
  }
  addChoices("zoom", ZOOMS, view.zoom, setZoom);
  followPointer();
  followKeys();
  new ResizeObserver(layOut).observe(stage.parentElement);
  showImage(0);
}

setUpSlider();
