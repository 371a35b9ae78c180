import assert from 'node:assert/strict'
import { test } from 'node:test'

import { loudness } from '../../static/src/room/level.js'
import { FrameWatch, STALL_MS } from '../../static/src/room/playback.js'

/**
 * @param {number} at
 * @param {number} displayed
 * @param {number} decoded
 */
const sample = (at, displayed, decoded, isExpected = true) => ({ at, displayed, decoded, isExpected })

test('a picture that moves is fine', () => {
  const watch = new FrameWatch()
  for (let at = 0; at < 10; at += 1) assert.equal(watch.judge(sample(at * 1000, at * 20, at * 20)), 'fine')
})

test('frames that are decoded and not shown are a frozen picture', () => {
  const watch = new FrameWatch()
  watch.judge(sample(0, 10, 10))
  assert.equal(watch.judge(sample(STALL_MS - 1, 10, 60)), 'fine')
  assert.equal(watch.judge(sample(STALL_MS, 10, 70)), 'frozen')
  assert.equal(watch.judge(sample(STALL_MS + 1000, 11, 90)), 'fine')
})

test('nothing that arrives is another trouble than a frozen picture', () => {
  const watch = new FrameWatch()
  watch.judge(sample(0, 10, 10))
  assert.equal(watch.judge(sample(STALL_MS, 10, 10)), 'starved')
})

test('a hidden page or a camera that is off is never frozen', () => {
  const watch = new FrameWatch()
  watch.judge(sample(0, 10, 10))
  assert.equal(watch.judge(sample(60_000, 10, 900, false)), 'fine')
  assert.equal(watch.judge(sample(60_500, 10, 920)), 'fine')
})

test('a new connection starts with a clean sheet', () => {
  const watch = new FrameWatch()
  watch.judge(sample(0, 10, 10))
  watch.reset()
  assert.equal(watch.judge(sample(60_000, 10, 900)), 'fine')
})

test('the level bar is empty in silence, half full in speech and never overflows', () => {
  const tone = (/** @type {number} */ height) => new Float32Array(512).map((_, at) => height * Math.sin(at / 5))
  assert.equal(loudness(new Float32Array(512)), 0)
  assert.equal(loudness(new Float32Array(0)), 0)
  const speech = loudness(tone(0.05))
  assert.ok(speech > 0.4 && speech < 0.8, String(speech))
  assert.equal(loudness(tone(2)), 1)
})
