/** How long a held time is still kept, in words. */

/**
 * @param {number} left milliseconds
 * @param {{minutes: string, minute: string, over: string}} texts
 */
export function textOf(left, texts) {
  if (left <= 0) return texts.over
  if (left <= 60_000) return texts.minute
  return texts.minutes.replace('{count}', String(Math.ceil(left / 60_000)))
}

/**
 * When the words change next: at each whole minute that is left, and at the end.
 *
 * @param {number} left milliseconds, more than 0
 */
export function waitOf(left) {
  return left % 60_000 || 60_000
}
