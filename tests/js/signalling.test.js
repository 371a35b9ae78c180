import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Signalling } from '../../static/src/room/signalling.js'
import { settle, snapshot } from './fakes.js'

const MEDIA = /** @type {const} */ ({ audio: 'on', video: 'on' })

/** @param {unknown} ack what the server answers to join; an Error: nothing */
function start(ack) {
  /** @type {[string, unknown][]} */
  const emitted = []
  /** @type {Record<string, (payload: any) => void>} */
  const listeners = {}
  /** @type {[string, unknown][]} */
  const heard = []
  const socket = {
    connected: true,
    auth: null,
    on: (/** @type {string} */ event, /** @type {(payload: any) => void} */ run) => (listeners[event] = run),
    emit: (/** @type {string} */ event, /** @type {unknown} */ payload) => emitted.push([event, payload]),
    timeout: () => ({
      emitWithAck: async (/** @type {string} */ event, /** @type {unknown} */ payload) => {
        emitted.push([event, payload])
        if (ack instanceof Error) throw ack
        return ack
      }
    }),
    connect: () => undefined,
    disconnect: () => undefined
  }
  const hear = (/** @type {string} */ name) => (/** @type {unknown} */ value) => void heard.push([name, value])
  const signalling = new Signalling(socket, 'own', {
    onJoined: hear('joined'),
    onSnapshot: hear('snapshot'),
    onSignal: hear('signal'),
    onReplaced: () => hear('replaced')(undefined),
    onRefused: hear('refused'),
    onUnanswered: () => hear('unanswered')(undefined)
  })
  return { emitted, listeners, heard, signalling }
}

const ACK = { ok: true, snapshot: snapshot({}, { page: 'peer' }), ice_servers: [] }

test('joining names the page and its devices', async () => {
  const { emitted, heard, signalling } = start(ACK)
  await signalling.join(MEDIA)
  assert.deepEqual(emitted, [['join', { page: 'own', media: MEDIA }]])
  assert.deepEqual(heard, [['joined', ACK]])
})

test('a refused join is told in the words of the server, one without an answer is told too', async () => {
  const refused = start({ ok: false, error: { code: 'not-open', message: 'Too early' } })
  await refused.signalling.join(MEDIA)
  assert.deepEqual(refused.heard, [['refused', 'Too early']])
  const unanswered = start(new Error('timeout'))
  await unanswered.signalling.join(MEDIA)
  assert.deepEqual(unanswered.heard, [['unanswered', undefined]])
  const busy = start({ ok: false, error: { code: 'busy', message: 'The service is busy.' } })
  await busy.signalling.join(MEDIA)
  assert.deepEqual(busy.heard, [['unanswered', undefined]])
})

test('devices are told only when they changed', async () => {
  const { emitted, signalling } = start(ACK)
  signalling.tellMedia({ audio: 'on', video: 'off' })
  await signalling.join(MEDIA)
  signalling.tellMedia({ ...MEDIA })
  signalling.tellMedia({ audio: 'off', video: 'on' })
  assert.deepEqual(emitted.slice(1), [['media', { audio: 'off', video: 'on' }]])
})

test('signals carry both pages; those of other pages are not heard', async () => {
  const { emitted, listeners, heard, signalling } = start(ACK)
  await signalling.join(MEDIA)
  signalling.send('peer', { restart: true })
  assert.deepEqual(emitted.at(-1), ['signal', { to: 'peer', from: 'own', restart: true }])
  listeners.signal?.({ to: 'older', from: 'peer', restart: true })
  listeners.signal?.({ to: 'own', from: 'peer', restart: true })
  assert.equal(heard.filter(([name]) => name === 'signal').length, 1)
})

test('what is said without a socket is sent after the next join, if the other page is still the same', async () => {
  const { emitted, signalling } = start(ACK)
  await signalling.join(MEDIA)
  signalling.lost()
  signalling.send('peer', { restart: true })
  signalling.send('gone', { restart: true })
  signalling.tellConnected('peer')
  assert.equal(emitted.length, 1)
  await signalling.join(MEDIA)
  await settle()
  assert.deepEqual(emitted.slice(2), [['signal', { to: 'peer', from: 'own', restart: true }]])
})

test('leaving is told only by a page that is in', async () => {
  const { emitted, signalling } = start(ACK)
  await signalling.leave()
  assert.deepEqual(emitted, [])
  await signalling.join(MEDIA)
  await signalling.leave()
  assert.deepEqual(emitted.at(-1), ['leave', {}])
})

test('fresh credentials are asked for by whoever has joined, and nothing comes of a refusal', async () => {
  const joined = start({ ...ACK, ice_transport_policy: 'relay' })
  assert.equal(await joined.signalling.askIce(), null)
  await joined.signalling.join(MEDIA)
  assert.equal((await joined.signalling.askIce())?.ice_transport_policy, 'relay')
  assert.deepEqual(joined.emitted.at(-1), ['ice', {}])
  joined.signalling.lost()
  assert.equal(await joined.signalling.askIce(), null)
})

test('a server that does not answer leaves a call with the servers that it knows', async () => {
  let isSilent = false
  const { signalling } = start(
    new Proxy(ACK, {
      get(ack, name) {
        if (isSilent && name === 'ok') return false
        return Reflect.get(ack, name)
      }
    })
  )
  await signalling.join(MEDIA)
  isSilent = true
  assert.equal(await signalling.askIce(), null)
})
