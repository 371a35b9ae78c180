/** Which keys move between the rows of the clinic list. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { stepOf } from '../../static/src/live/rows.js'

const NO_MODIFIER = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false }

/**
 * @param {string} key
 * @param {Partial<typeof NO_MODIFIER>} [held]
 */
const step = (key, held = {}) => stepOf(/** @type {KeyboardEvent} */ ({ key, ...NO_MODIFIER, ...held }))

test('up and down move, every other key stays with the browser', () => {
  assert.equal(step('ArrowDown'), 1)
  assert.equal(step('ArrowUp'), -1)
  for (const key of ['Enter', ' ', 'Tab', 'ArrowLeft', 'j']) assert.equal(step(key), 0)
})

test('with a modifier an arrow is somebody else’s', () => {
  assert.equal(step('ArrowDown', { altKey: true }), 0)
  assert.equal(step('ArrowUp', { ctrlKey: true }), 0)
})
