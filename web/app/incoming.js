/** Files that are chosen, dropped (folders too) or pasted. */

/** @param {(files: File[]) => void} onFiles */
export function incoming(onFiles) {
  for (const id of ['files', 'folder']) {
    const input = /** @type {HTMLInputElement} */ (document.getElementById(id));
    input.addEventListener('change', () => {
      onFiles(pictures([...(input.files ?? [])]));
      input.value = '';
    });
  }
  const zone = /** @type {HTMLElement} */ (document.getElementById('drop'));
  addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  addEventListener('dragleave', () => zone.classList.remove('over'));
  addEventListener('drop', async (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    if (event.dataTransfer) onFiles(pictures(await dropped(event.dataTransfer)));
  });
  addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) onFiles(files);
  });
}

/**
 * Of a whole folder the pictures; of a few files all, whatever they are, to say what is wrong.
 *
 * @param {File[]} files
 */
function pictures(files) {
  const named = files.filter((file) => /\.(jpe?g|webp|avif)$/i.test(file.name));
  return named.length && files.some((file) => file.webkitRelativePath) ? named : files;
}

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>}
 */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files];
  const files = await Promise.all(entries.map((entry) => (entry ? within(entry) : [])));
  return files.flat();
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function within(entry) {
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    return [await new Promise((resolve, reject) => file.file(resolve, reject))];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const files = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return files;
    for (const one of some) files.push(...(await within(one)));
  }
}
