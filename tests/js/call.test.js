import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { Call } from '../../static/src/room/call.js'
import { settle } from './fakes.js'

/** @type {FakeConnection[]} */
let made = []

/** As much of a peer connection as a call touches. */
class FakeConnection extends EventTarget {
  signalingState = 'stable'
  connectionState = 'new'
  localDescription = null
  remoteDescription = null
  /** @type {unknown[]} */ configurations
  restarts = 0
  isClosed = false
  /** @type {unknown[]} */ received = []

  /** @param {RTCConfiguration} configuration */
  constructor(configuration) {
    super()
    this.configurations = [configuration]
    made.push(this)
  }

  /** @param {RTCConfiguration} configuration */
  setConfiguration(configuration) {
    this.configurations.push(configuration)
  }

  restartIce() {
    this.restarts += 1
  }

  addTransceiver() {
    return { sender: { track: null } }
  }

  getTransceivers() {
    return []
  }

  /** @param {unknown} description */
  async setRemoteDescription(description) {
    this.received.push(description)
    this.signalingState = 'have-remote-offer'
  }

  async setLocalDescription() {
    this.signalingState = 'stable'
  }

  /** @param {unknown} candidate */
  async addIceCandidate(candidate) {
    this.received.push(candidate)
  }

  close() {
    this.isClosed = true
  }
}

const before = { RTCPeerConnection: globalThis.RTCPeerConnection, MediaStream: globalThis.MediaStream }

beforeEach(() => {
  made = []
  Object.assign(globalThis, { RTCPeerConnection: FakeConnection, MediaStream: class {} })
})
afterEach(() => {
  Object.assign(globalThis, before)
})

/**
 * @param {'patient' | 'clinician'} role
 * @param {() => Promise<RTCConfiguration>} [freshConfiguration]
 */
function open(role, freshConfiguration) {
  let asked = 0
  const call = new Call({
    role,
    peerPage: 'other',
    freshConfiguration:
      freshConfiguration ??
      (async () => {
        asked += 1
        return { iceServers: [{ urls: `turn:${asked}` }], iceTransportPolicy: 'relay' }
      }),
    tracks: { audio: null, video: null },
    send: () => undefined,
    onTrack: () => undefined,
    onPhase: () => undefined
  })
  call.start()
  return call
}

test('a connection is made with fresh credentials and the policy that came with them', async () => {
  const call = open('clinician')
  assert.equal(made.length, 0)
  await settle()
  assert.deepEqual(made.map((peer) => peer.configurations), [
    [{ iceServers: [{ urls: 'turn:1' }], iceTransportPolicy: 'relay' }]
  ])
  call.close()
})

test('a restart has fresh credentials first', async () => {
  const call = open('clinician')
  await settle()
  await call.receive({ restart: true })
  await settle()
  assert.equal(made[0].restarts, 1)
  assert.deepEqual(made[0].configurations.at(-1), {
    iceServers: [{ urls: 'turn:2' }],
    iceTransportPolicy: 'relay'
  })
  call.close()
})

test('the side that answers a restart has fresh credentials too', async () => {
  const call = open('patient')
  const offer = { type: /** @type {const} */ ('offer'), sdp: 'v=0\r\no=- 17 2 IN IP4 127.0.0.1\r\n' }
  await call.receive({ description: offer })
  await call.receive({ description: offer })
  assert.equal(made.length, 1)
  assert.deepEqual(made[0].configurations.at(-1), {
    iceServers: [{ urls: 'turn:2' }],
    iceTransportPolicy: 'relay'
  })
  call.close()
})

test('a call that is closed while it asks makes no connection', async () => {
  const call = open('clinician')
  call.close()
  await settle()
  assert.equal(made.length, 0)
})

test('what follows an offer waits for the connection, in order', async () => {
  /** @type {(configuration: RTCConfiguration) => void} */
  let answer = () => undefined
  const call = open('patient', () => new Promise((resolve) => (answer = resolve)))
  const offer = { type: /** @type {const} */ ('offer'), sdp: 'v=0\r\no=- 17 2 IN IP4 127.0.0.1\r\n' }
  const both = [
    call.receive({ description: offer }),
    call.receive({ candidates: [{ candidate: 'first' }, { candidate: 'second' }] })
  ]
  await settle()
  assert.equal(made.length, 0)
  answer({ iceTransportPolicy: 'relay' })
  await Promise.all(both)
  assert.deepEqual(made[0].received, [offer, { candidate: 'first' }, { candidate: 'second' }])
  call.close()
})

test('a description that a closed connection never takes does not hold up the next offer', async () => {
  const call = open('patient')
  /** @param {number} session */
  const offerOf = (session) => ({
    description: { type: /** @type {const} */ ('offer'), sdp: `v=0\r\no=- ${session} 2 IN IP4 127.0.0.1\r\n` }
  })
  await call.receive(offerOf(1))
  made[0].setRemoteDescription = () => new Promise(() => undefined)
  void call.receive(offerOf(1))
  await call.receive(offerOf(2))
  assert.equal(made.length, 2)
  assert.ok(made[0].isClosed)
  assert.equal(made[1].received.length, 1)
  call.close()
})
