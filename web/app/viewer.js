/** The compact image beside what became of it, and a slider between them. */

/** @typedef {import('./item.js').Item} Item */

export class Viewer {
  #viewer = element('viewer');
  #stage = element('stage');
  #pair = element('pair');
  #split = /** @type {HTMLInputElement} */ (element('split'));
  #zoom = element('zoom');
  /** @type {string[]} */
  #urls = [];

  constructor() {
    this.#split.addEventListener('input', () => this.#draw());
    this.#zoom.addEventListener('click', () => this.#setPixels(!this.#isPixels));
    this.#pair.addEventListener('pointerdown', (event) => this.#drag(event));
    this.#pair.addEventListener('pointermove', (event) => event.buttons && this.#drag(event));
  }

  get isOpen() {
    return !this.#viewer.hidden;
  }

  /** @param {Item} item that has a result */
  async show(item) {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [item.file, /** @type {Blob} */ (item.result)].map((file) => URL.createObjectURL(file));
    const images = ['before', 'after'].map((id) => /** @type {HTMLImageElement} */ (element(id)));
    images.forEach((image, index) => {
      image.src = this.#urls[index];
    });
    element('viewer-title').textContent = item.file.name;
    this.#viewer.hidden = false;
    await images[1].decode();
    const { naturalWidth, naturalHeight } = images[1];
    this.#pair.style.setProperty('--natural', `${naturalWidth / devicePixelRatio}px`);
    this.#pair.style.setProperty('--aspect', String(naturalWidth / naturalHeight));
    this.#setPixels(false);
    this.#draw();
  }

  get #isPixels() {
    return this.#stage.classList.contains('pixels');
  }

  /** @param {boolean} isPixels whether a pixel of the photograph is one of the screen */
  #setPixels(isPixels) {
    this.#stage.classList.toggle('pixels', isPixels);
    this.#zoom.setAttribute('aria-pressed', String(isPixels));
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (event.pointerType !== 'mouse') return; // a finger scrolls; the slider is below
    event.preventDefault();
    const { left, width } = this.#pair.getBoundingClientRect();
    this.#split.value = String(Math.round((100 * (event.clientX - left)) / width));
    this.#draw();
  }

  #draw() {
    this.#pair.style.setProperty('--split', `${this.#split.value}%`);
    this.#split.setAttribute('aria-valuetext', `${this.#split.value} % compact`);
  }
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
