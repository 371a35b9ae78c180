/**
 * Puts fresh HTML into the page; focus, selection, typed text and what was folded open survive.
 */
import { Idiomorph } from 'idiomorph'

/**
 * @param {Element} element
 * @param {string | Element} html the same element as the server renders it now
 */
export function morphElement(element, html) {
  const focused = element.contains(document.activeElement) ? document.activeElement?.id : ''
  Idiomorph.morph(element, html, {
    morphStyle: 'outerHTML',
    ignoreActiveValue: true,
    restoreFocus: true,
    callbacks: {
      // Whether details are open is the reader's business, never the server's.
      beforeAttributeUpdated: (name, node) => !(name === 'open' && node instanceof HTMLDetailsElement)
    }
  })
  // A link that became a button is a new element in the place of the old one.
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus()
}
