/** One file: its row in the list, and what becomes of it. */
import { NoMarkerError, expand } from '../src/index.js';

/**
 * @typedef {object} Callbacks
 * @property {(item: Item) => void} onShow
 * @property {(item: Item) => void} onEnd
 */

export class Item {
  #abort = new AbortController();
  #callbacks;
  #text = document.createElement('span');
  #progress = document.createElement('progress');
  #cancel = button('Cancel', () => this.#abort.abort());

  /**
   * @param {File} file
   * @param {Callbacks} callbacks
   */
  constructor(file, callbacks) {
    this.file = file;
    this.#callbacks = callbacks;
    /** @type {Blob | undefined} */
    this.result = undefined;
    this.row = document.createElement('li');
    const told = document.createElement('div');
    told.className = 'told';
    told.append(file.name, this.#text);
    this.#text.textContent = 'waiting';
    this.#progress.setAttribute('aria-label', `Progress of ${file.name}`);
    this.#progress.value = 0;
    this.#cancel.setAttribute('aria-label', `Cancel ${file.name}`);
    this.row.append(told, this.#progress, this.#cancel);
  }

  /** The end in words. */
  get told() {
    return this.#text.textContent ?? '';
  }

  /** What it is saved as. */
  get name() {
    return `${this.file.name.replace(/\.[^.]*$/, '') || 'photograph'}.png`;
  }

  async start() {
    const onProgress = (/** @type {number} */ share) => {
      this.#progress.value = share;
      this.#text.textContent = `expanding, ${Math.round(100 * share)} %`;
    };
    try {
      this.result = await expand(this.file, { signal: this.#abort.signal, onProgress });
      this.#succeed();
    } catch (error) {
      this.#fail(error);
    }
    this.#callbacks.onEnd(this);
  }

  #succeed() {
    const [from, to] = [this.file, /** @type {Blob} */ (this.result)].map((file) => bytes(file.size));
    this.#end(`expanded: ${from} to ${to} (PNG)`);
    const show = button('Show', () => this.#callbacks.onShow(this));
    show.setAttribute('aria-label', `Show ${this.file.name}`);
    const save = button('Save', () => download(/** @type {Blob} */ (this.result), this.name));
    save.setAttribute('aria-label', `Save ${this.name}`);
    this.row.append(show, save);
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.#abort.signal.aborted) return this.#end('cancelled');
    if (error instanceof NoMarkerError) {
      return this.#end('an ordinary picture: there is nothing to expand');
    }
    this.row.classList.add('error');
    this.#end(error instanceof Error ? error.message : String(error));
  }

  /** @param {string} text */
  #end(text) {
    this.#text.textContent = text;
    this.#progress.remove();
    this.#cancel.remove();
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * @param {string} text
 * @param {() => void} onClick
 */
function button(text, onClick) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', onClick);
  return made;
}

/** @param {number} number */
function bytes(number) {
  return number < 1e6 ? `${Math.round(number / 1e3)} kB` : `${(number / 1e6).toFixed(1)} MB`;
}
