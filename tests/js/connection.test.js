import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Connection, reconnectDelay } from '../../static/src/live/connection.js'
import { Refresher } from '../../static/src/live/refresher.js'
import { FakeTimers, settle } from './fakes.js'

class FakeSocket {
  connected = false
  /** @type {any} */ auth = null
  /** @type {string[]} */ tokens = []
  /** @type {Record<string, (...args: any[]) => void>} */ #listeners = {}

  /**
   * @param {string} event
   * @param {(...args: any[]) => void} listener
   */
  on(event, listener) {
    this.#listeners[event] = listener
  }

  connect() {
    this.tokens.push(this.auth.token)
  }

  disconnect() {
    this.connected = false
  }

  /**
   * @param {string} event
   * @param {unknown[]} args
   */
  fire(event, ...args) {
    this.#listeners[event]?.(...args)
  }

  emit() {}

  timeout() {
    return { emitWithAck: async () => undefined }
  }
}

/** @param {(string | null | Error)[]} answers of the token's address, one after another */
function start(answers) {
  const time = new FakeTimers()
  const socket = new FakeSocket()
  /** @type {string[]} */
  const told = []
  const connection = new Connection({
    socket,
    token: 'embedded',
    fetchToken: async () => {
      const answer = answers.shift() ?? null
      if (answer instanceof Error) throw answer
      return answer
    },
    onOpen: () => told.push('open'),
    onLost: () => told.push('lost'),
    onRefused: () => told.push('refused'),
    setTimer: time.timers.set,
    clearTimer: time.timers.clear,
    random: () => 0.5
  })
  connection.start()
  return { time, socket, told, connection }
}

test('the first connection uses the embedded token, each later one a fresh token', async () => {
  const { time, socket, told } = start(['fresh'])
  assert.deepEqual(socket.tokens, ['embedded'])
  socket.fire('connect')
  socket.fire('disconnect')
  time.pass(400)
  await settle()
  assert.deepEqual(socket.tokens, ['embedded', 'fresh'])
  socket.fire('connect')
  assert.deepEqual(told, ['open', 'lost', 'open'])
})

test('a token that ran out is replaced', async () => {
  const { time, socket } = start(['fresh'])
  socket.fire('connect_error', new Error('token-expired'))
  time.pass(400)
  await settle()
  assert.deepEqual(socket.tokens, ['embedded', 'fresh'])
})

test('a person who may not come in is told once and nothing more is tried', async () => {
  const { time, socket, told } = start([])
  socket.fire('connect_error', new Error('not-allowed'))
  socket.fire('disconnect')
  time.pass(60_000)
  await settle()
  assert.deepEqual(told, ['refused'])
  assert.deepEqual(socket.tokens, ['embedded'])
})

test('a refused token ends it', async () => {
  const { time, socket, told } = start([null])
  socket.fire('connect')
  socket.fire('disconnect')
  time.pass(400)
  await settle()
  assert.deepEqual(told, ['open', 'lost', 'refused'])
})

test('while the server is out of reach it waits longer and longer, and tells it once', async () => {
  const { time, socket, told } = start([new Error('offline'), new Error('offline'), 'fresh'])
  socket.fire('disconnect')
  for (const delay of [400, 800, 1600]) {
    time.pass(delay - 1)
    await settle()
    assert.equal(socket.tokens.length, 1)
    time.pass(1)
    await settle()
  }
  assert.deepEqual(socket.tokens, ['embedded', 'fresh'])
  assert.deepEqual(told, ['lost'])
})

test('when the network is back it does not wait', async () => {
  const { socket, connection } = start(['fresh'])
  socket.fire('disconnect')
  connection.hurry()
  await settle()
  assert.deepEqual(socket.tokens, ['embedded', 'fresh'])
})

test('delays grow to a limit and differ from page to page', () => {
  assert.equal(reconnectDelay(0, 0), 200)
  assert.equal(reconnectDelay(0, 0.999), 599.6)
  assert.equal(reconnectDelay(30, 0.5), 8000)
})

test('a stopped connection stays stopped', async () => {
  const { time, socket, told, connection } = start(['fresh'])
  connection.stop()
  socket.fire('disconnect')
  time.pass(60_000)
  await settle()
  assert.deepEqual(told, [])
  assert.deepEqual(socket.tokens, ['embedded'])
})

test('changes during a refresh lead to one more refresh', async () => {
  let running = 0
  let done = 0
  const refresher = new Refresher(async () => {
    running += 1
    assert.equal(running, 1)
    await settle()
    running -= 1
    done += 1
  })
  const first = refresher.request()
  void refresher.request()
  void refresher.request()
  await first
  assert.equal(done, 2)
})

test('a refresh that failed does not stop the next one', async () => {
  let tries = 0
  const refresher = new Refresher(async () => {
    tries += 1
    throw new Error('offline')
  })
  await refresher.request()
  await refresher.request()
  assert.equal(tries, 2)
})
