/** Why a file cannot be expanded: every message is one line, written for whoever sees the page. */

// Names are written out, since bundlers shorten those of classes.

export class JaxshrinkError extends Error {
  name = 'JaxshrinkError';
}

/** An ordinary picture: there is nothing to expand. */
export class NoMarkerError extends JaxshrinkError {
  name = 'NoMarkerError';
}

/** The file is broken, or its marker cannot be right. */
export class DamagedFileError extends JaxshrinkError {
  name = 'DamagedFileError';
}

/** Made by a model that is not at hand. */
export class UnknownModelError extends JaxshrinkError {
  name = 'UnknownModelError';
}

/** The photograph has more pixels than are allowed. */
export class TooLargeError extends JaxshrinkError {
  name = 'TooLargeError';
}

/** A marked WebP or AVIF, which only Python's `jaxshrink expand` reads. */
export class UnsupportedFormatError extends JaxshrinkError {
  name = 'UnsupportedFormatError';
}

/** What runs or loads the networks is missing, or failed. */
export class RuntimeFailure extends JaxshrinkError {
  name = 'RuntimeFailure';
}

const classes = {
  NoMarkerError,
  DamagedFileError,
  UnknownModelError,
  TooLargeError,
  UnsupportedFormatError,
  RuntimeFailure,
};

/**
 * An error as it crosses from one thread to another.
 *
 * @typedef {{name: string, message: string}} PlainError
 */

/**
 * @param {unknown} error
 * @returns {PlainError}
 */
export function toPlain(error) {
  if (error instanceof Error && error.name in classes) {
    return { name: error.name, message: error.message };
  }
  return { name: 'RuntimeFailure', message: `cannot be expanded here (${error})` };
}

/**
 * @param {PlainError} plain
 * @returns {JaxshrinkError}
 */
export function fromPlain({ name, message }) {
  const found = classes[/** @type {keyof typeof classes} */ (name)] ?? RuntimeFailure;
  return new found(message);
}
