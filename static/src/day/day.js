/**
 * The day sheet by keyboard: arrow keys move between times and clinicians. Tab still reaches everything, and
 * Enter is the button's own. A time that somebody else books while it has the focus hands the focus to the nearest one.
 */
import { findNearest, findNext, isPlain } from './grid.js'

const ACTION = '[data-cell-action]'

/** @param {HTMLElement} root holds the live fragment; what can be pressed has [data-cell-action] and data-column */
export function init(root) {
  /** @type {{element: HTMLElement, id: string, column: number, top: number} | null} */
  let last = null

  root.addEventListener('keydown', (event) => {
    const from = event.target
    if (!(from instanceof HTMLElement) || !from.matches(ACTION) || !isPlain(event)) return
    const actions = actionsIn(root)
    const next = actions[findNext(actions.map(placeOf), actions.indexOf(from), event.key)]
    if (!next) return
    event.preventDefault()
    next.focus()
  })

  root.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement) || !target.matches(ACTION)) last = null
    else last = { element: target, id: target.id, ...placeOf(target) }
  })
  // Not where the page itself lost the focus to another window.
  root.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget instanceof HTMLElement && !root.contains(relatedTarget)) last = null
  })

  new MutationObserver(() => {
    if (last === null || document.activeElement !== document.body) return
    if (last.element.isConnected && last.element.id === last.id) return
    const actions = actionsIn(root)
    actions[findNearest(actions.map(placeOf), last.column, last.top)]?.focus()
  }).observe(root, { childList: true, subtree: true })
}

/**
 * Only those that are shown: the other view has no boxes.
 *
 * @param {HTMLElement} root
 * @returns {HTMLElement[]}
 */
function actionsIn(root) {
  return [...root.querySelectorAll(ACTION)].filter(
    /** @returns {action is HTMLElement} */ (action) => action instanceof HTMLElement && action.getClientRects().length > 0
  )
}

/** @param {HTMLElement} element */
function placeOf(element) {
  return { column: Number(element.dataset.column), top: element.getBoundingClientRect().top }
}
