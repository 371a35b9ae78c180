/** Words of the page: translated texts with values put in, and times of day. */

/**
 * @param {string | undefined} text e.g. "{count} people are before you."
 * @param {Record<string, string | number>} [values]
 */
export function fillText(text, values = {}) {
  return (text ?? '').replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole))
}

/**
 * The hour and minute where the reader is, e.g. "10:42".
 *
 * @param {Date} date
 */
export function formatTime(date) {
  return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
}

/**
 * The texts that the page carries as JSON.
 *
 * @param {string} id of the script element
 * @returns {Record<string, string>}
 */
export function readTexts(id) {
  return JSON.parse(document.getElementById(id)?.textContent || '{}')
}
