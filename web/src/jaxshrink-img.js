/**
 * Pictures on a page that sharpen in place, after they were shown.
 *
 *     <script type="module" src="jaxshrink/jaxshrink-img.js"></script>
 *     <img data-jaxshrink src="photo.jpg" width="1200" height="800" alt="...">
 *
 * A picture that comes into view is expanded once, and the result kept in the browser's cache. On
 * any failure, and for visitors who save data, the plain picture stays. `<jaxshrink-img>` around an
 * `<img>` does the same.
 *
 * Events on the `<img>`, which bubble: `jaxshrink-expanded`, and `jaxshrink-error` with the error as
 * its `detail`.
 */
import { expand } from './index.js';
import { kept } from './kept.js';

const SELECTOR = 'img[data-jaxshrink]';
const MARGIN = '200px'; // around what is in view

/** @type {IntersectionObserver | undefined} */
let inView;

/** Whether this visitor's browser can, and wants to. */
function isWanted() {
  const connection = /** @type {any} */ (navigator).connection;
  const savesData = connection?.saveData || matchMedia('(prefers-reduced-data: reduce)').matches;
  return !savesData && 'WebAssembly' in globalThis && 'IntersectionObserver' in globalThis;
}

function start() {
  inView = new IntersectionObserver(onView, { rootMargin: MARGIN });
  watch(document);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node instanceof Element) watch(node);
    }
  }).observe(document, { childList: true, subtree: true });
}

/** @param {Document | Element} root */
function watch(root) {
  if (root instanceof HTMLImageElement && root.matches(SELECTOR)) inView?.observe(root);
  for (const image of root.querySelectorAll(SELECTOR)) inView?.observe(image);
}

/** @param {IntersectionObserverEntry[]} entries */
function onView(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    inView?.unobserve(target);
    sharpen(/** @type {HTMLImageElement} */ (target));
  }
}

/** @param {HTMLImageElement} image */
async function sharpen(image) {
  try {
    await loaded(image);
    const source = image.currentSrc;
    if (image.srcset || image.parentElement instanceof HTMLPictureElement) return;
    const response = await fetch(source, { cache: 'force-cache' });
    const file = await response.blob();
    const photograph = await kept(file, () => expand(file));
    const url = URL.createObjectURL(photograph);
    const ready = new Image();
    ready.src = url;
    await ready.decode();
    if (image.currentSrc !== source) return URL.revokeObjectURL(url); // it shows another one now
    keepSize(image);
    image.src = url;
    image.dataset.jaxshrink = 'expanded';
    image.dispatchEvent(new CustomEvent('jaxshrink-expanded', { bubbles: true }));
  } catch (error) {
    image.dataset.jaxshrink = 'plain';
    image.dispatchEvent(new CustomEvent('jaxshrink-error', { bubbles: true, detail: error }));
  }
}

/** @param {HTMLImageElement} image */
function loaded(image) {
  if (image.complete) return image.decode();
  return new Promise((resolve, reject) => {
    image.addEventListener('load', resolve, { once: true });
    image.addEventListener('error', () => reject(new Error('it cannot be loaded')), { once: true });
  });
}

/**
 * Gives a picture whose size nobody told the one that it has, so that nothing moves.
 *
 * @param {HTMLImageElement} image
 */
function keepSize(image) {
  if (image.hasAttribute('width') && image.hasAttribute('height')) return;
  const { width, height } = image;
  image.width = width;
  image.height = height;
}

class JaxshrinkImg extends HTMLElement {
  connectedCallback() {
    for (const image of this.querySelectorAll('img')) {
      image.dataset.jaxshrink ??= '';
      if (inView) watch(image);
    }
  }
}

if (isWanted()) {
  start();
  customElements.define('jaxshrink-img', JaxshrinkImg);
}
