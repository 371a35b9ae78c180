import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  START,
  mediaTarget,
  ownMedia,
  reduce,
  remoteWords,
  statusWords,
  viewOf,
  waitingWords
} from '../../static/src/room/snapshot.js'
import { snapshot } from './fakes.js'

/** @typedef {import('../../static/src/room/snapshot.js').State} State */

const STATUSES = /** @type {const} */ (['planned', 'arrived', 'in-progress', 'finished', 'cancelled'])
const PRESENCES = /** @type {const} */ ([
  'expected', 'checking', 'waiting', 'admitted', 'connected', 'away', 'lost', 'left'
])
const DEVICES = /** @type {const} */ (['asking', 'on', 'off', 'refused', 'missing', 'busy'])
const ENDINGS = /** @type {const} */ (['replaced', 'signed-out', 'left', 'refused'])
const SOCKETS = /** @type {const} */ (['connecting', 'open', 'lost'])
const MEDIA = /** @type {const} */ (['none', 'connecting', 'connected', 'unsteady', 'recovering'])
const ROLES = /** @type {const} */ (['patient', 'clinician'])

/** @param {Partial<State>} changes */
const state = (changes) => ({ ...START, ...changes })

/** Every combination of what a page can know. @returns {Iterable<State>} */
function* everyState() {
  for (const status of [null, ...STATUSES])
    for (const role of ROLES)
      for (const presence of PRESENCES)
        for (const page of [null, 'their-page'])
          for (const video of DEVICES)
            for (const media of MEDIA)
              for (const socket of SOCKETS)
                for (const isPicturePlaying of [true, false]) {
                  const you = /** @type {const} */ ({ role, presence: 'waiting' })
                  const peerMedia = { audio: /** @type {const} */ ('on'), video }
                  yield state({
                    snapshot: status && snapshot({ status, you }, { presence, page, media: peerMedia }),
                    media,
                    socket,
                    isPicturePlaying
                  })
                }
}

test('in every state the page has a view, a status line, a waiting line and a place for the picture', () => {
  const known = new Set(['starting', 'waiting', 'call', 'finished', 'cancelled'])
  let count = 0
  for (const each of everyState()) {
    count += 1
    assert.ok(known.has(viewOf(each)))
    assert.match(statusWords(each).key, /^status_/)
    assert.match(waitingWords(each).key, /^(waiting|ahead|patient)_/)
    assert.match(remoteWords(each)?.key ?? 'remote_', /^remote_/)
  }
  assert.equal(count, 6 * 2 * 8 * 2 * 6 * 5 * 3 * 2)
})

test('media exists only during the consultation', () => {
  for (const each of everyState()) {
    if (mediaTarget(each).do === 'open') {
      assert.equal(each.snapshot?.status, 'in-progress')
      assert.notEqual(each.snapshot?.peer.page, null)
      assert.notEqual(each.snapshot?.peer.presence, 'left')
    }
  }
})

test('a connection is opened with the page of the other person', () => {
  const admitted = state({ snapshot: snapshot({ status: 'in-progress' }, { page: 'their-page' }) })
  assert.deepEqual(mediaTarget(admitted), { do: 'open', page: 'their-page' })
})

test('running media outlives the signalling of the other side', () => {
  for (const presence of PRESENCES) {
    const target = mediaTarget(state({ snapshot: snapshot({ status: 'in-progress' }, { page: null, presence }) }))
    assert.deepEqual(target, { do: presence === 'left' ? 'close' : 'keep' }, presence)
  }
})

test('before the first snapshot running media is left alone', () => {
  assert.deepEqual(mediaTarget(START), { do: 'keep' })
})

for (const ending of ENDINGS) {
  test(`a page that is ${ending} closes its media and stays as it is`, () => {
    const ended = reduce(
      state({ snapshot: snapshot({ status: 'in-progress' }, { page: 'their-page' }) }),
      { type: 'end', ending, refusal: 'because' }
    )
    assert.equal(viewOf(ended), ending)
    assert.equal(ended.refusal, 'because')
    assert.deepEqual(mediaTarget(ended), { do: 'close' })
    assert.equal(reduce(ended, { type: 'snapshot', snapshot: snapshot({ version: 99 }) }), ended)
    assert.equal(reduce(ended, { type: 'end', ending: 'left' }), ended)
    assert.equal(statusWords(ended).key, 'status_ended')
  })
}

test('an older snapshot is ignored, the same or a newer one replaces what is shown', () => {
  const shown = reduce(START, { type: 'snapshot', snapshot: snapshot({ version: 5 }) })
  assert.equal(reduce(shown, { type: 'snapshot', snapshot: snapshot({ version: 4, status: 'cancelled' }) }), shown)
  const same = reduce(shown, { type: 'snapshot', snapshot: snapshot({ version: 5, ahead: 3 }) })
  assert.equal(same.snapshot?.ahead, 3)
  const newer = reduce(shown, { type: 'snapshot', snapshot: snapshot({ version: 6, status: 'in-progress' }) })
  assert.equal(viewOf(newer), 'call')
})

test('each status has its view', () => {
  const views = STATUSES.map((status) => viewOf(state({ snapshot: snapshot({ status }) })))
  assert.deepEqual(views, ['waiting', 'waiting', 'call', 'finished', 'cancelled'])
  assert.equal(viewOf(START), 'starting')
})

test('events of this page are kept', () => {
  const lost = reduce(START, { type: 'socket', socket: 'lost' })
  assert.equal(lost.socket, 'lost')
  const trouble = reduce(START, { type: 'media', media: 'recovering', attempt: 2 })
  assert.deepEqual([trouble.media, trouble.attempt], ['recovering', 2])
  const devices = /** @type {const} */ ({ audio: 'on', video: 'off' })
  assert.equal(reduce(START, { type: 'devices', devices }).devices, devices)
  const playing = reduce(START, { type: 'picture', isPlaying: true })
  assert.equal(playing.isPicturePlaying, true)
  assert.equal(reduce(playing, { type: 'picture', isPlaying: true }), playing)
})

test('a patient reads how many wait before them', () => {
  const key = (/** @type {number | null} */ ahead) => waitingWords(state({ snapshot: snapshot({ ahead }) })).key
  assert.deepEqual([null, 0, 1, 2].map(key), ['ahead_none', 'ahead_none', 'ahead_one', 'ahead_many'])
  assert.equal(waitingWords(state({ snapshot: snapshot({ ahead: 7 }) })).values.count, 7)
})

test('a clinician reads where the patient is', () => {
  const you = /** @type {const} */ ({ role: 'clinician', presence: 'expected' })
  const keys = PRESENCES.map((presence) => waitingWords(state({ snapshot: snapshot({ you }, { presence }) })).key)
  assert.deepEqual(keys, [
    'patient_expected', 'patient_checking', 'patient_waiting', 'patient_waiting', 'patient_waiting',
    'patient_away', 'patient_away', 'patient_left'
  ])
})

/**
 * @param {Partial<State>} changes
 * @param {Partial<import('../../static/src/room/types.js').Peer>} [peer]
 */
const inCall = (changes, peer) =>
  state({ socket: 'open', snapshot: snapshot({ status: 'in-progress' }, { page: 'their-page', ...peer }), ...changes })

test('the status line of a call follows the media first and the socket second', () => {
  const key = (/** @type {Partial<State>} */ changes, peer = {}) => statusWords(inCall(changes, peer)).key
  assert.equal(key({}), 'status_call_connecting')
  assert.equal(key({}, { page: null }), 'status_peer_away')
  assert.equal(key({ media: 'connected' }), 'status_connected')
  assert.equal(key({ media: 'connected', socket: 'lost' }), 'status_connected_no_socket')
  assert.equal(key({ media: 'unsteady' }), 'status_unsteady')
  assert.equal(key({ media: 'recovering', attempt: 1 }), 'status_recovering')
  assert.equal(key({ media: 'recovering', attempt: 3 }), 'status_recovering_call')
  assert.equal(key({ socket: 'lost' }), 'status_socket_lost')
})

test('a missing picture is explained in words', () => {
  const key = (/** @type {typeof DEVICES[number]} */ video, isPicturePlaying = false) =>
    remoteWords(inCall({ media: 'connected', isPicturePlaying }, { media: { audio: 'on', video } }))?.key ?? null
  assert.equal(key('on', true), null)
  assert.equal(key('on'), 'remote_connecting')
  assert.equal(key('off', true), 'remote_off')
  assert.equal(key('refused'), 'remote_refused')
  assert.equal(key('missing'), 'remote_missing')
  assert.equal(key('busy'), 'remote_busy')
  assert.equal(remoteWords(inCall({ media: 'connected', isPicturePlaying: true }, { presence: 'left' }))?.key, 'remote_left')
  assert.equal(remoteWords(inCall({ media: 'none' }, { page: null }))?.key, 'remote_away')
})

test('a picture that still runs stays while the connection recovers', () => {
  assert.equal(remoteWords(inCall({ media: 'recovering', isPicturePlaying: true })), null)
})

test('help is offered for the devices that do not work', () => {
  for (const audio of DEVICES)
    for (const video of DEVICES) {
      const { help, reason, words } = ownMedia({ audio, video })
      const isFailed = (/** @type {string} */ device) => ['refused', 'missing', 'busy'].includes(device)
      const expected = isFailed(audio) && isFailed(video) ? 'both' : isFailed(video) ? 'camera' : isFailed(audio) ? 'microphone' : null
      assert.equal(help, expected)
      assert.equal(reason, isFailed(video) ? video : isFailed(audio) ? audio : null)
      assert.equal(words, video === 'on' ? null : `self_${video}`)
    }
})
