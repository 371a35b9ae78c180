import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Negotiation, sessionOf } from '../../static/src/room/negotiation.js'
import { settle } from './fakes.js'

/** A peer connection that keeps the rules of signalling states and nothing else. */
class FakePeer {
  /** @type {RTCSignalingState} */ signalingState = 'stable'
  /** @type {RTCSessionDescriptionInit | null} */ localDescription = null
  /** @type {RTCSessionDescriptionInit | null} */ remoteDescription = null
  /** @type {unknown[]} */ candidates = []
  rollbacks = 0
  #offers = 0
  #name

  /** @param {string} name */
  constructor(name) {
    this.#name = name
  }

  async setLocalDescription() {
    if (this.signalingState === 'have-remote-offer') {
      this.localDescription = { type: 'answer', sdp: `answer of ${this.#name} to ${this.remoteDescription?.sdp}` }
      this.signalingState = 'stable'
    } else {
      this.#offers += 1
      this.localDescription = { type: 'offer', sdp: `offer ${this.#offers} of ${this.#name}` }
      this.signalingState = 'have-local-offer'
    }
  }

  /** @param {RTCSessionDescriptionInit} description */
  async setRemoteDescription(description) {
    await settle()
    if (description.type === 'offer') {
      if (this.signalingState === 'have-local-offer') this.rollbacks += 1
      this.signalingState = 'have-remote-offer'
    } else {
      if (this.signalingState !== 'have-local-offer') throw new Error(`an answer in ${this.signalingState}`)
      this.signalingState = 'stable'
    }
    this.remoteDescription = description
  }

  /** @param {unknown} candidate */
  async addIceCandidate(candidate) {
    if (!this.remoteDescription) throw new Error('a candidate before the description')
    this.candidates.push(candidate)
  }
}

/** Two sides and the wire between them; messages stay on the wire until they are delivered. */
function connect() {
  /** @type {{to: 'clinician' | 'patient', content: import('../../static/src/room/types.js').SignalContent}[]} */
  const wire = []
  const peers = { clinician: new FakePeer('clinician'), patient: new FakePeer('patient') }
  const sides = {
    clinician: new Negotiation({
      peer: peers.clinician,
      isPolite: false,
      send: (content) => wire.push({ to: 'patient', content })
    }),
    patient: new Negotiation({
      peer: peers.patient,
      isPolite: true,
      send: (content) => wire.push({ to: 'clinician', content })
    })
  }
  async function deliverAll() {
    for (let message = wire.shift(); message; message = wire.shift()) {
      const { description, candidates } = message.content
      if (description) await sides[message.to].receiveDescription(description)
      if (candidates) await sides[message.to].receiveCandidates(candidates)
    }
  }
  return { wire, peers, sides, deliverAll }
}

test('an offer is answered', async () => {
  const { peers, sides, deliverAll } = connect()
  await sides.clinician.offer()
  await deliverAll()
  assert.equal(peers.clinician.signalingState, 'stable')
  assert.equal(peers.patient.signalingState, 'stable')
  assert.equal(peers.clinician.remoteDescription?.sdp, 'answer of patient to offer 1 of clinician')
})

test('when both offer at once the polite side gives way and both end up stable with one offer', async () => {
  const { peers, sides, deliverAll } = connect()
  await Promise.all([sides.clinician.offer(), sides.patient.offer()])
  await deliverAll()
  assert.equal(peers.patient.rollbacks, 1)
  assert.equal(peers.clinician.rollbacks, 0)
  assert.equal(peers.clinician.remoteDescription?.sdp, 'answer of patient to offer 1 of clinician')
  assert.equal(peers.patient.remoteDescription?.sdp, 'offer 1 of clinician')
  assert.equal(peers.patient.signalingState, 'stable')
  assert.equal(peers.clinician.signalingState, 'stable')
})

test('the impolite side ignores an offer that meets its own', async () => {
  const { wire, peers, sides } = connect()
  await sides.clinician.offer()
  wire.length = 0
  await sides.clinician.receiveDescription({ type: 'offer', sdp: 'offer of patient' })
  assert.equal(peers.clinician.signalingState, 'have-local-offer')
  assert.deepEqual(wire, [])
})

test('candidates of an ignored offer do no harm', async () => {
  const { peers, sides } = connect()
  await sides.clinician.offer()
  await sides.clinician.receiveDescription({ type: 'offer', sdp: 'offer of patient' })
  await sides.clinician.receiveCandidates([{ candidate: 'stray' }])
  assert.deepEqual(peers.clinician.candidates, [])
})

test('candidates wait for the description that came before them', async () => {
  const { peers, sides } = connect()
  const described = sides.patient.receiveDescription({ type: 'offer', sdp: 'offer' })
  const added = sides.patient.receiveCandidates([{ candidate: 'a' }, null])
  await Promise.all([described, added])
  assert.deepEqual(peers.patient.candidates, [{ candidate: 'a' }, undefined])
})

test('an answer that nobody waits for is left alone', async () => {
  const { peers, sides } = connect()
  await sides.clinician.receiveDescription({ type: 'answer', sdp: 'late' })
  assert.equal(peers.clinician.remoteDescription, null)
})

test('the answer is prepared between the offer and the answer', async () => {
  const peer = new FakePeer('patient')
  /** @type {RTCSignalingState[]} */
  const seen = []
  const negotiation = new Negotiation({
    peer,
    isPolite: true,
    send: () => undefined,
    prepareAnswer: () => void seen.push(peer.signalingState)
  })
  await negotiation.receiveDescription({ type: 'offer', sdp: 'offer' })
  assert.deepEqual(seen, ['have-remote-offer'])
})

test('after closing nothing is sent or applied', async () => {
  const { wire, peers, sides } = connect()
  sides.patient.close()
  await sides.patient.offer()
  await sides.patient.receiveDescription({ type: 'offer', sdp: 'offer' })
  assert.equal(peers.patient.remoteDescription, null)
  assert.deepEqual(wire, [])
})

test('the session identifier tells connections apart and survives a restart', () => {
  const sdp = (/** @type {number} */ id, /** @type {number} */ version) =>
    `v=0\r\no=- ${id} ${version} IN IP4 127.0.0.1\r\ns=-\r\n`
  assert.equal(sessionOf(sdp(4711, 2)), sessionOf(sdp(4711, 3)))
  assert.notEqual(sessionOf(sdp(4711, 2)), sessionOf(sdp(4712, 2)))
  assert.equal(sessionOf('v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 99 0 IN IP4 0.0.0.0\r\n'), '99')
  assert.equal(sessionOf(undefined), null)
})
