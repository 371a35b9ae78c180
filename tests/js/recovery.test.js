import assert from 'node:assert/strict'
import { test } from 'node:test'

import { DEADLINE_MS, Recovery, START_MS } from '../../static/src/room/recovery.js'
import { FakeTimers } from './fakes.js'

/** @param {import('../../static/src/room/types.js').Role} role */
function start(role) {
  const time = new FakeTimers()
  /** @type {string[]} */
  const done = []
  /** @type {[string, number][]} */
  const told = []
  const recovery = new Recovery({
    role,
    timers: time.timers,
    now: () => time.now,
    actions: {
      restart: () => done.push('restart'),
      rebuild: () => {
        done.push('rebuild')
        recovery.begin()
      },
      ask: () => done.push('ask'),
      tell: (phase, attempt) => told.push([phase, attempt])
    }
  })
  recovery.begin()
  return { time, done, told, recovery }
}

/** @param {import('../../static/src/room/types.js').Role} role */
function startConnected(role) {
  const started = start(role)
  started.recovery.connectionChanged('connected')
  started.told.length = 0
  return started
}

test('the clinician restarts when the connection failed', () => {
  const { done, told, recovery } = startConnected('clinician')
  recovery.connectionChanged('failed')
  assert.deepEqual(done, ['restart'])
  assert.deepEqual(told, [['recovering', 1]])
})

test('the patient asks and never restarts', () => {
  const { time, done, recovery } = startConnected('patient')
  recovery.connectionChanged('failed')
  time.pass(3 * DEADLINE_MS)
  assert.deepEqual(new Set(done), new Set(['ask']))
  assert.equal(done.length, 4)
})

test('a connection that is only disconnected is left alone', () => {
  const { time, done, told, recovery } = startConnected('clinician')
  recovery.connectionChanged('disconnected')
  time.pass(60_000)
  assert.deepEqual(done, [])
  recovery.connectionChanged('connected')
  assert.deepEqual(told.map(([phase]) => phase), ['unsteady', 'connected'])
})

test('a restart that does not help in ten seconds is followed by a new connection, again and again', () => {
  const { time, done, told, recovery } = startConnected('clinician')
  recovery.connectionChanged('failed')
  time.pass(DEADLINE_MS - 1)
  assert.deepEqual(done, ['restart'])
  time.pass(1)
  assert.deepEqual(done, ['restart', 'rebuild'])
  time.pass(DEADLINE_MS)
  assert.deepEqual(done, ['restart', 'rebuild', 'rebuild'])
  assert.deepEqual(told.at(-1), ['recovering', 3])
})

test('a restart that helps ends it, and the next trouble starts from the first step', () => {
  const { time, done, recovery } = startConnected('clinician')
  recovery.connectionChanged('failed')
  recovery.connectionChanged('connecting')
  recovery.connectionChanged('connected')
  assert.equal(time.pending, 0)
  recovery.connectionChanged('failed')
  assert.deepEqual(done, ['restart', 'restart'])
})

test('failing again during a recovery does not restart twice', () => {
  const { done, recovery } = startConnected('clinician')
  recovery.connectionChanged('failed')
  recovery.connectionChanged('failed')
  recovery.asked()
  assert.deepEqual(done, ['restart'])
})

test('the clinician restarts when asked, and builds anew when asked again soon', () => {
  const { time, done, recovery } = startConnected('clinician')
  recovery.asked()
  recovery.connectionChanged('connected')
  time.pass(DEADLINE_MS)
  recovery.asked()
  assert.deepEqual(done, ['restart', 'rebuild'])
})

test('asked again much later it restarts again', () => {
  const { time, done, recovery } = startConnected('clinician')
  recovery.asked()
  recovery.connectionChanged('connected')
  time.pass(60_000)
  recovery.asked()
  assert.deepEqual(done, ['restart', 'restart'])
})

test('a patient who is asked does nothing', () => {
  const { done, recovery } = startConnected('patient')
  recovery.asked()
  assert.deepEqual(done, [])
})

test('a connection that never comes up is built anew', () => {
  const { time, done } = start('clinician')
  time.pass(START_MS - 1)
  assert.deepEqual(done, [])
  time.pass(1)
  assert.deepEqual(done, ['rebuild'])
})

test('a frozen picture is built anew by the clinician and asked for by the patient, not at every look', () => {
  const clinician = startConnected('clinician')
  clinician.recovery.frozen()
  clinician.recovery.frozen()
  assert.deepEqual(clinician.done, ['rebuild'])
  const patient = startConnected('patient')
  patient.time.pass(1000)
  patient.recovery.frozen()
  patient.recovery.frozen()
  assert.deepEqual(patient.done, ['ask'])
  patient.time.pass(DEADLINE_MS)
  patient.recovery.frozen()
  assert.deepEqual(patient.done, ['ask', 'ask'])
})

test('after closing nothing happens any more', () => {
  const { time, done, recovery } = startConnected('clinician')
  recovery.connectionChanged('failed')
  recovery.close()
  time.pass(60_000)
  recovery.connectionChanged('failed')
  recovery.asked()
  recovery.frozen()
  assert.deepEqual(done, ['restart'])
})

test('devices that are allowed while connecting gather again, without a word', () => {
  for (const [role, expected] of /** @type {const} */ ([['clinician', 'restart'], ['patient', 'ask']])) {
    const { done, told, recovery } = start(role)
    told.length = 0
    recovery.devicesAllowed()
    assert.deepEqual(done, [expected])
    assert.deepEqual(told, [])
  }
})

test('devices that are allowed in a running call change nothing', () => {
  const { done, recovery } = startConnected('clinician')
  recovery.devicesAllowed()
  assert.deepEqual(done, [])
})

test('asked while connecting, the clinician restarts without a word', () => {
  const { done, told, recovery } = start('clinician')
  told.length = 0
  recovery.asked()
  assert.deepEqual(done, ['restart'])
  assert.deepEqual(told, [])
})
