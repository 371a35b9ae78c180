/** Where the arrow keys lead on the day sheet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findNearest, findNext, isPlain } from '../../static/src/day/grid.js'

// Two clinicians; in the second column the afternoon alone. The order of a table: row by row.
const PLACES = [
  { column: 0, top: 100 },
  { column: 0, top: 130 },
  { column: 2, top: 150 },
  { column: 0, top: 160 },
  { column: 2, top: 220 }
]

test('up and down stay in the column and stop at its ends', () => {
  assert.equal(findNext(PLACES, 0, 'ArrowDown'), 1)
  assert.equal(findNext(PLACES, 1, 'ArrowDown'), 3)
  assert.equal(findNext(PLACES, 3, 'ArrowDown'), -1)
  assert.equal(findNext(PLACES, 2, 'ArrowUp'), -1)
  assert.equal(findNext(PLACES, 4, 'ArrowUp'), 2)
})

test('left and right lead to the nearest time, over a column that has nothing', () => {
  assert.equal(findNext(PLACES, 0, 'ArrowRight'), 2)
  assert.equal(findNext(PLACES, 4, 'ArrowLeft'), 3)
  assert.equal(findNext(PLACES, 0, 'ArrowLeft'), -1)
  assert.equal(findNext(PLACES, 4, 'ArrowRight'), -1)
})

test('Home and End lead to the ends of the column', () => {
  assert.equal(findNext(PLACES, 3, 'Home'), 0)
  assert.equal(findNext(PLACES, 0, 'End'), 3)
})

test('every other key stays with the browser', () => {
  for (const key of ['Enter', ' ', 'Tab', 'j', 'PageDown']) assert.equal(findNext(PLACES, 0, key), -1)
  assert.equal(findNext(PLACES, -1, 'ArrowDown'), -1)
})

test('of two times that are equally near it is the upper one', () => {
  const two = [{ column: 1, top: 90 }, { column: 1, top: 110 }]
  assert.equal(findNearest(two, 1, 100), 0)
  assert.equal(findNearest(two, 0, 100), -1)
})

test('with a modifier an arrow is somebody else’s', () => {
  const none = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false }
  assert.equal(isPlain(/** @type {KeyboardEvent} */ (none)), true)
  assert.equal(isPlain(/** @type {KeyboardEvent} */ ({ ...none, ctrlKey: true })), false)
})
