import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PAUSE_MS, Saver } from '../../static/src/note/saver.js'
import { FakeTimers, settle } from './fakes.js'

/** @typedef {import('../../static/src/note/saver.js').Answer} Answer */

const AT = new Date('2027-01-12T10:42:00Z')

/** A note with one heading, and a server that answers when the test says so. */
function start() {
  const time = new FakeTimers()
  const page = { text: '' }
  /** @type {{text: string | undefined, version: number, answer: (answer: Answer) => Promise<void>, fail: () => Promise<void>}[]} */
  const puts = []
  /** @type {string[]} */
  const told = []
  /** @type {number[]} */
  const versions = []
  const saver = new Saver({
    version: 1,
    read: () => ({ history: page.text }),
    put: (sections, version) =>
      new Promise((resolve, reject) => {
        puts.push({
          text: sections.history,
          version,
          answer: (answer) => (resolve(answer), settle().then(() => undefined)),
          fail: () => (reject(new Error('offline')), settle().then(() => undefined))
        })
      }),
    tell: (state) => told.push(state),
    versionChanged: (version) => versions.push(version),
    timers: time.timers
  })
  /** @param {string} text */
  const type = (text) => {
    page.text = text
    saver.changed()
  }
  return { time, puts, told, versions, saver, type }
}

/** @param {number} version @returns {Answer} */
const saved = (version) => ({ status: 'saved', version, savedAt: AT })

test('it saves a moment after the last key, with the version that it knows', async () => {
  const { time, puts, told, versions, saver, type } = start()
  type('a')
  time.pass(PAUSE_MS - 1)
  type('ab')
  time.pass(PAUSE_MS - 1)
  assert.equal(puts.length, 0)
  assert.equal(saver.isUnsaved, true)
  time.pass(1)
  assert.deepEqual([puts[0]?.text, puts[0]?.version], ['ab', 1])
  await puts[0]?.answer(saved(2))
  assert.deepEqual(told, ['waiting', 'saving', 'saved'])
  assert.deepEqual(versions, [2])
  assert.equal(saver.isUnsaved, false)
})

test('what is typed during a save is saved next, never at the same time', async () => {
  const { time, puts, saver, type } = start()
  type('a')
  time.pass(PAUSE_MS)
  type('ab')
  time.pass(PAUSE_MS)
  assert.equal(puts.length, 1)
  await puts[0]?.answer(saved(2))
  time.pass(PAUSE_MS)
  assert.deepEqual([puts[1]?.text, puts[1]?.version], ['ab', 2])
  await puts[1]?.answer(saved(3))
  assert.equal(saver.isUnsaved, false)
})

test('a server out of reach is tried again until it answers, and the page stays unsaved', async () => {
  const { time, puts, told, saver, type } = start()
  type('a')
  time.pass(PAUSE_MS)
  await puts[0]?.fail()
  assert.equal(told.at(-1), 'failed')
  assert.equal(saver.isUnsaved, true)
  time.pass(1000)
  await puts[1]?.fail()
  time.pass(2000)
  assert.deepEqual([puts[2]?.text, puts[2]?.version], ['a', 1])
  await puts[2]?.answer(saved(2))
  assert.equal(told.at(-1), 'saved')
  assert.equal(saver.isUnsaved, false)
})

test('when the network is back it does not wait', async () => {
  const { time, puts, saver, type } = start()
  type('a')
  time.pass(PAUSE_MS)
  await puts[0]?.fail()
  saver.hurry()
  time.pass(0)
  assert.equal(puts.length, 2)
})

test('a conflict stops saving until the writer chose, then saves over the version that was shown', async () => {
  const { time, puts, told, saver, type } = start()
  type('mine')
  time.pass(PAUSE_MS)
  await puts[0]?.answer({ status: 'conflict', version: 7, sections: { history: 'theirs' } })
  assert.equal(told.at(-1), 'conflict')
  type('mine too')
  time.pass(60_000)
  assert.equal(puts.length, 1)
  assert.equal(saver.isUnsaved, true)
  saver.resolve(saver.version)
  time.pass(0)
  assert.deepEqual([puts[1]?.text, puts[1]?.version], ['mine too', 7])
})

test('a refused save keeps the page unsaved, and the next words are tried again', async () => {
  const { time, puts, told, saver, type } = start()
  type('a')
  time.pass(PAUSE_MS)
  await puts[0]?.answer({ status: 'refused', message: 'Too long' })
  assert.equal(told.at(-1), 'refused')
  assert.equal(saver.isUnsaved, true)
  time.pass(60_000)
  assert.equal(puts.length, 1)
  type('ab')
  time.pass(PAUSE_MS)
  assert.equal(puts.length, 2)
  await puts[1]?.answer({ status: 'saved', version: 9, savedAt: new Date(0) })
  assert.equal(told.at(-1), 'saved')
})

test('before a form is sent the last words are saved', async () => {
  const { puts, saver, type } = start()
  type('last')
  const flushed = saver.flush()
  await settle()
  await puts[0]?.answer(saved(2))
  assert.equal(await flushed, true)
  assert.equal(await saver.flush(), true)
  assert.equal(puts.length, 1)
})

test('once stopped, nothing is sent any more and nothing holds the page back', () => {
  const { time, puts, saver, type } = start()
  type('a')
  saver.stop()
  time.pass(10 * PAUSE_MS)
  assert.equal(puts.length, 0)
  assert.equal(saver.isUnsaved, false)
})
