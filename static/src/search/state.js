/** What the search of the desk does next, apart from the page: when to ask, which answer counts, where the keys lead. */

/** Shorter starts fit too many people to be worth asking for. */
const SHORTEST = 2

/** What was typed, and what has been asked for: the answer to an older question never replaces a newer one. */
export class Search {
  #asked = 0
  #shown = ''

  /** @param {string} [shown] what the results in the page are for */
  constructor(shown = '') {
    this.#shown = shown.trim()
  }

  /** @param {string} typed whether the results in the page are for something else */
  isNew(typed) {
    return typed.trim() !== this.#shown
  }

  /**
   * @param {string} typed
   * @returns {'ask' | 'clear' | 'wait'} what to do about it while somebody types
   */
  plan(typed) {
    const query = typed.trim()
    if (!this.isNew(query)) return 'wait'
    if (query === '') return 'clear'
    return query.length < SHORTEST ? 'wait' : 'ask'
  }

  /** @returns {number} the number of the question */
  ask() {
    this.#asked += 1
    return this.#asked
  }

  /**
   * @param {number} number
   * @param {string} query
   * @returns {boolean} whether the answer to this question may be shown
   */
  take(number, query) {
    if (number !== this.#asked) return false
    this.#shown = query.trim()
    return true
  }
}

/**
 * Down from the box leads to the first result, up from the first back to the box.
 *
 * @param {number} index of the result that has the focus; -1 for the box
 * @param {number} count
 * @param {string} key
 * @returns {number | null} the next one, -1 for the box; null where the key does nothing
 */
export function findNext(index, count, key) {
  if (key === 'ArrowDown') return index + 1 < count ? index + 1 : null
  if (key === 'ArrowUp') return index >= 0 ? index - 1 : null
  if (index < 0) return null
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return key === 'Escape' ? -1 : null
}

/**
 * @param {{isComposing?: boolean, ctrlKey: boolean, altKey: boolean, metaKey: boolean, shiftKey: boolean}} event
 * @returns {boolean} whether the key alone was pressed, and not to choose a letter
 */
export function isPlain(event) {
  return !(event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey)
}
