/**
 * Puts fresh HTML into the page; focus, selection and typed text survive.
 */
import { Idiomorph } from 'idiomorph'

/**
 * @param {Element} element
 * @param {string | Element} html the same element as the server renders it now
 */
export function morphElement(element, html) {
  Idiomorph.morph(element, html, {
    morphStyle: 'outerHTML',
    ignoreActiveValue: true,
    restoreFocus: true
  })
}
