import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BATCH_MS, CandidateBatch, LARGEST_BATCH } from '../../static/src/room/candidates.js'
import { FakeTimers } from './fakes.js'

function start() {
  const time = new FakeTimers()
  /** @type {import('../../static/src/room/types.js').Candidate[][]} */
  const sent = []
  return { time, sent, batch: new CandidateBatch((candidates) => sent.push(candidates), time.timers) }
}

const [A, B, C] = ['a', 'b', 'c'].map((candidate) => ({ candidate }))

test('candidates found within 50 ms travel in one message', () => {
  const { time, sent, batch } = start()
  batch.add(A)
  time.pass(BATCH_MS - 1)
  batch.add(B)
  assert.deepEqual(sent, [])
  time.pass(1)
  assert.deepEqual(sent, [[A, B]])
  batch.add(C)
  time.pass(BATCH_MS)
  assert.deepEqual(sent, [[A, B], [C]])
})

test('the end is sent at once, with what still waits', () => {
  const { time, sent, batch } = start()
  batch.add(A)
  batch.add(null)
  assert.deepEqual(sent, [[A, null]])
  assert.equal(time.pending, 0)
})

test('the end alone is not worth a message', () => {
  const { time, sent, batch } = start()
  batch.add(A)
  time.pass(BATCH_MS)
  batch.add(null)
  time.pass(BATCH_MS)
  assert.deepEqual(sent, [[A]])
})

test('a message never holds more than the server takes', () => {
  const { sent, batch } = start()
  for (let at = 0; at < LARGEST_BATCH + 1; at += 1) batch.add(A)
  assert.equal(sent.length, 1)
  assert.equal(sent[0]?.length, LARGEST_BATCH)
})

test('a closed batch sends nothing more', () => {
  const { time, sent, batch } = start()
  batch.add(A)
  batch.close()
  time.pass(BATCH_MS)
  batch.add(B)
  batch.add(null)
  assert.deepEqual(sent, [])
  assert.equal(time.pending, 0)
})
