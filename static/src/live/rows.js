/**
 * Up and down move from one row's main action to that of the row before or after it; Enter acts, as ever.
 */

/** @param {HTMLElement} root has rows with [data-row-action] */
export function moveBetweenRows(root) {
  root.addEventListener('keydown', (event) => {
    const step = stepOf(event)
    if (step === 0 || !(event.target instanceof HTMLElement) || !event.target.matches('[data-row-action]')) return
    // Rows that are folded away have no box.
    const actions = [...root.querySelectorAll('[data-row-action]')].filter((action) => action.getClientRects().length > 0)
    const next = actions[actions.indexOf(event.target) + step]
    event.preventDefault()
    if (next instanceof HTMLElement) next.focus()
  })
}

/** @param {KeyboardEvent} event */
export function stepOf({ key, altKey, ctrlKey, metaKey, shiftKey }) {
  if (altKey || ctrlKey || metaKey || shiftKey) return 0
  return key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0
}
