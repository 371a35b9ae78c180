import assert from 'node:assert/strict'
import { test } from 'node:test'

import { textOf, waitOf } from '../../static/src/hold/countdown.js'

const TEXTS = { minutes: '{count} minutes left.', minute: 'Less than a minute left.', over: 'It is over.' }

test('a minute that has begun counts, and one that is over does not', () => {
  assert.equal(textOf(300_000, TEXTS), '5 minutes left.')
  assert.equal(textOf(240_001, TEXTS), '5 minutes left.')
  // The words change at the whole minute: said a moment later they would be wrong until the next one.
  assert.equal(textOf(240_000, TEXTS), '4 minutes left.')
  assert.equal(textOf(120_000, TEXTS), '2 minutes left.')
  assert.equal(textOf(60_001, TEXTS), '2 minutes left.')
})

test('the last minute is said as such, and the end as the end', () => {
  assert.equal(textOf(60_000, TEXTS), 'Less than a minute left.')
  assert.equal(textOf(1, TEXTS), 'Less than a minute left.')
  assert.equal(textOf(0, TEXTS), 'It is over.')
  assert.equal(textOf(-5, TEXTS), 'It is over.')
})

test('the words change at each whole minute that is left', () => {
  assert.equal(waitOf(125_000), 5_000)
  assert.equal(waitOf(60_000), 60_000)
  assert.equal(waitOf(1_000), 1_000)
})
