/** What was typed into a form, by the names of its fields: read before it is sent, filled in again after "back". */

/** @typedef {{name: string, type: string, value: string, checked?: boolean}} Control */
/** @typedef {Record<string, string[]>} Typed */

/**
 * Hidden fields are the page's own, and each page has new ones.
 * @param {Iterable<Control>} controls
 * @returns {Typed}
 */
export function readTyped(controls) {
  /** @type {Typed} */
  const typed = {}
  for (const control of controls) {
    if (!isTyped(control)) continue
    const values = (typed[control.name] ??= [])
    if (!isTicked(control) || control.checked) values.push(control.value)
  }
  return typed
}

/**
 * @param {Iterable<Control>} controls
 * @param {unknown} kept what `readTyped` gave, as it comes back from the history
 */
export function fillTyped(controls, kept) {
  if (typeof kept !== 'object' || kept === null) return
  const typed = new Map(Object.entries(kept))
  for (const control of controls) {
    const values = typed.get(control.name)
    if (!isTyped(control) || !Array.isArray(values)) continue
    if (isTicked(control)) control.checked = values.includes(control.value)
    else if (typeof values[0] === 'string') control.value = values[0]
  }
}

/** @param {Control} control */
function isTyped(control) {
  return control.name !== '' && !['hidden', 'submit', 'button', 'password', 'file'].includes(control.type)
}

/** @param {Control} control */
function isTicked(control) {
  return control.type === 'radio' || control.type === 'checkbox'
}
