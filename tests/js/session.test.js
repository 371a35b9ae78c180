/** When a page warns that its sign-in ends, when it asks for it again, and what it then lets go on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SessionWatch, WARN_BEFORE_MS } from '../../static/src/session/watch.js'
import { FakeTimers, settle } from './fakes.js'

/** @typedef {import('../../static/src/session/watch.js').State} State */

const MINUTE = 60_000
const IDLE = 30 * MINUTE
const LONGEST = 720 * MINUTE

/** A page of "ann", and a server that answers as the test says. */
function start({ expiresAt = IDLE, endsAt = LONGEST } = {}) {
  const time = new FakeTimers()
  /** @type {State} */
  const state = { isSignedIn: true, who: 'ann', expiresAt, endsAt }
  /** @type {{state: State | Error}} */
  const server = { state }
  /** @type {string[]} */
  const shown = []
  let asked = 0
  const answer = () => {
    asked += 1
    const { state } = server
    return state instanceof Error ? Promise.reject(state) : Promise.resolve(state)
  }
  const watch = new SessionWatch({
    state,
    ask: answer,
    stay: answer,
    show: (what) => shown.push(what),
    now: () => time.now,
    timers: time.timers
  })
  watch.start()
  /** @param {number} ms */
  const pass = async (ms) => {
    // A pause at a time, as the answers need turns of their own.
    for (let rest = ms; rest > 0; rest -= MINUTE) {
      time.pass(Math.min(MINUTE, rest))
      await settle()
    }
  }
  return { time, server, shown, watch, pass, asked: () => asked, state }
}

test('it warns two minutes before, and asks nothing until then', async () => {
  const { shown, pass, asked } = start()
  await pass(IDLE - WARN_BEFORE_MS - 1)
  assert.deepEqual([shown, asked()], [[], 0])
  await pass(1)
  assert.deepEqual([shown, asked()], [['warning'], 1])
})

test('somebody who works in another tab is not warned here', async () => {
  const { server, shown, state, pass } = start()
  server.state = { ...state, expiresAt: 50 * MINUTE }
  await pass(IDLE)
  assert.deepEqual(shown, ['none'])
  await pass(50 * MINUTE - WARN_BEFORE_MS - IDLE)
  assert.equal(shown.at(-1), 'warning')
})

test('staying takes one press', async () => {
  const { server, shown, state, watch, pass } = start()
  await pass(IDLE - MINUTE)
  server.state = { ...state, expiresAt: IDLE + 29 * MINUTE }
  await watch.stay()
  assert.deepEqual(shown, ['warning', 'none'])
  assert.equal(watch.isOver, false)
})

test('without an answer to the warning the page asks for the sign-in', async () => {
  const { server, shown, state, watch, pass } = start()
  await pass(IDLE - MINUTE)
  server.state = { ...state, isSignedIn: false }
  await pass(MINUTE)
  assert.deepEqual(shown, ['warning', 'ended'])
  assert.equal(watch.isOver, true)
})

test('before the longest time is over it asks, and goes on after the proof', async () => {
  const { shown, state, watch, pass } = start({ expiresAt: 60 * MINUTE, endsAt: 60 * MINUTE })
  await pass(60 * MINUTE - WARN_BEFORE_MS)
  assert.deepEqual(shown, ['soon'])
  watch.proved({ ...state, expiresAt: 90 * MINUTE, endsAt: 700 * MINUTE })
  assert.deepEqual(shown, ['soon', 'none'])
})

test('a computer that slept asks when it wakes', async () => {
  const { server, shown, state, watch } = start()
  server.state = { ...state, isSignedIn: false }
  await watch.check()
  assert.deepEqual(shown, ['ended'])
})

test('a sign-in that was ended needs a new one, and another person is told apart', async () => {
  const { server, shown, state, watch } = start()
  server.state = { ...state, isSignedIn: false, who: null }
  await watch.check()
  server.state = { ...state, who: 'bob' }
  await watch.check()
  assert.deepEqual(shown, ['gone', 'other'])
  assert.equal(watch.isOver, true)
})

test('what was refused goes on when the person is back, in this tab or in another', async () => {
  for (const isHere of [true, false]) {
    const { server, shown, state, watch, pass } = start()
    server.state = { ...state, isSignedIn: false }
    const answer = watch.askForSignIn()
    await settle()
    assert.deepEqual(shown, ['ended'])
    server.state = { ...state, expiresAt: 60 * MINUTE }
    if (isHere) watch.proved(server.state)
    else await pass(MINUTE)
    assert.equal(await answer, true)
    assert.equal(shown.at(-1), 'none')
  }
})

test('a refusal by a stale token alone shows nothing', async () => {
  const { shown, watch } = start()
  assert.equal(await watch.askForSignIn(), true)
  assert.deepEqual(shown, ['none'])
})

test('put off, scripts do not ask again for a while, but a press does', async () => {
  const { server, shown, state, watch, pass } = start()
  server.state = { ...state, isSignedIn: false }
  const first = watch.askForSignIn()
  await settle()
  watch.putOff()
  assert.equal(await first, false)
  assert.equal(await watch.askForSignIn(), false)
  await pass(2 * MINUTE)
  assert.deepEqual(shown, ['ended', 'none'])
  assert.equal(watch.isOver, true)
  void watch.askForSignIn({ isByPress: true })
  await settle()
  assert.equal(shown.at(-1), 'ended')
})

test('a proof is asked for although somebody is signed in', async () => {
  const { state, shown, watch } = start()
  const answer = watch.askForSignIn({ isProof: true, isByPress: true })
  assert.deepEqual(shown, ['proof'])
  await watch.check()
  assert.deepEqual(shown, ['proof'])
  watch.proved(state)
  assert.equal(await answer, true)
  assert.equal(shown.at(-1), 'none')
})

test('a server out of reach shows nothing and is asked again', async () => {
  const { server, shown, state, watch, pass } = start()
  server.state = new Error('offline')
  await watch.check()
  assert.deepEqual(shown, [])
  server.state = { ...state, isSignedIn: false }
  await pass(MINUTE)
  assert.deepEqual(shown, ['ended'])
})
