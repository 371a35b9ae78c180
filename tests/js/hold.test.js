import assert from 'node:assert/strict'
import { test } from 'node:test'

import { textOf, waitOf } from '../../static/src/hold/countdown.js'

const TEXTS = { minutes: '{count} minutes left.', minute: 'Less than a minute left.', over: 'It is over.' }

test('five minutes are five minutes, and so is all of the fifth', () => {
  assert.equal(textOf(299_999, TEXTS), '5 minutes left.')
  assert.equal(textOf(240_000, TEXTS), '5 minutes left.')
  assert.equal(textOf(239_999, TEXTS), '4 minutes left.')
})

test('the last minute is said as such, and the end as the end', () => {
  assert.equal(textOf(60_000, TEXTS), '2 minutes left.')
  assert.equal(textOf(59_999, TEXTS), 'Less than a minute left.')
  assert.equal(textOf(1, TEXTS), 'Less than a minute left.')
  assert.equal(textOf(0, TEXTS), 'It is over.')
  assert.equal(textOf(-5, TEXTS), 'It is over.')
})

test('the words change at each whole minute that is left', () => {
  assert.equal(waitOf(125_000), 5_000)
  assert.equal(waitOf(60_000), 60_000)
  assert.equal(waitOf(1_000), 1_000)
})
