/**
 * A long form whose next page asks once more: the browser's "back" leads to the form as it was sent, not to an empty one.
 * Pages are not stored by the browser, so what was typed is kept with the entry of the tab's history.
 */
import { fillTyped, readTyped } from './typed.js'

/** @param {HTMLElement} form */
export function init(form) {
  if (!(form instanceof HTMLFormElement)) return
  fillTyped(controlsOf(form), history.state?.typed)
  form.addEventListener('submit', () => {
    history.replaceState({ ...history.state, typed: readTyped(controlsOf(form)) }, '')
  })
}

/** @param {HTMLFormElement} form */
function controlsOf(form) {
  return [...form.elements].filter(
    (element) =>
      element instanceof HTMLInputElement ||
      element instanceof HTMLSelectElement ||
      element instanceof HTMLTextAreaElement
  )
}
