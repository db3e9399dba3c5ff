/** The page: what goes in, what is listed, what is shown and saved. */
import { configure } from '../src/index.js';
import { incoming } from './incoming.js';
import { Item } from './item.js';
import { saveAll } from './saving.js';
import { Viewer } from './viewer.js';

const list = element('list');
const status = element('status');
const saveButton = /** @type {HTMLButtonElement} */ (element('save-all'));
const viewer = new Viewer();
/** @type {Item[]} */
const items = [];

configure({ base: '../' });
incoming((files) => {
  if (!files.length) return say('There is no file in that.');
  element('results').hidden = false;
  say(`${files.length === 1 ? '1 file' : `${files.length} files`} added.`);
  for (const file of files) add(file);
});
saveButton.addEventListener('click', () => saveAll(items.filter((item) => item.result), say));
offline();

/** @param {File} file */
function add(file) {
  const item = new Item(file, { onShow: (shown) => viewer.show(shown), onEnd });
  items.push(item);
  list.append(item.row);
  item.start();
}

/** @param {Item} item */
function onEnd(item) {
  say(`${item.file.name}: ${item.told}`);
  if (!item.result) return;
  saveButton.disabled = false;
  if (!viewer.isOpen) viewer.show(item);
}

/** @param {string} text */
function say(text) {
  status.textContent = text;
}

/** Keeps what was loaded, so that the page works without a network afterwards. */
async function offline() {
  try {
    await navigator.serviceWorker?.register('../service-worker.js', { scope: '../' });
  } catch {
    // The page works all the same, as long as there is a network.
  }
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
