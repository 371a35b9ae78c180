/**
 * Which time the arrow keys lead to. Pure: it knows boxes, not the page.
 *
 * @typedef {object} Place what can be pressed on the day sheet
 * @property {number} column from 0
 * @property {number} top where it begins on the page, in pixels
 */

const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }

/**
 * Up and down stay in the column; left and right go to what is nearest in height in the next column that has
 * anything. Home and End lead to the first and the last of the column.
 *
 * @param {Place[]} places in the order of the page
 * @param {number} from
 * @param {string} key
 * @returns {number} where to go; -1: nowhere, the key is not ours or there is nothing there
 */
export function findNext(places, from, key) {
  const here = places[from]
  if (!here) return -1
  const column = indexesOf(places, here.column)
  if (key === 'Home') return column[0] ?? -1
  if (key === 'End') return column[column.length - 1] ?? -1
  const step = STEPS[/** @type {keyof typeof STEPS} */ (key)]
  if (!step) return -1
  const [aside, down] = step
  if (down) return column[column.indexOf(from) + down] ?? -1
  const columns = [...new Set(places.map((place) => place.column))].sort((a, b) => a - b)
  const next = columns[columns.indexOf(here.column) + aside]
  return next === undefined ? -1 : findNearest(places, next, here.top)
}

/**
 * What begins nearest to a height in a column; of two equally near ones the upper.
 *
 * @param {Place[]} places
 * @param {number} column
 * @param {number} top
 * @returns {number} -1: the column has nothing
 */
export function findNearest(places, column, top) {
  let best = -1
  for (const index of indexesOf(places, column)) {
    const distance = Math.abs(places[index].top - top)
    if (best === -1 || distance < Math.abs(places[best].top - top)) best = index
  }
  return best
}

/**
 * @param {Place[]} places
 * @param {number} column
 */
function indexesOf(places, column) {
  return [...places.keys()].filter((index) => places[index].column === column).sort((a, b) => places[a].top - places[b].top)
}

/** @param {KeyboardEvent} event */
export function isPlain({ altKey, ctrlKey, metaKey, shiftKey }) {
  return !(altKey || ctrlKey || metaKey || shiftKey)
}
