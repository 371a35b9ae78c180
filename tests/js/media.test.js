import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LocalMedia, deviceOfError, openDevices } from '../../static/src/room/media.js'

/** @typedef {import('../../static/src/room/types.js').MediaState} MediaState */

class FakeTrack extends EventTarget {
  enabled = true
  isStopped = false

  /** @param {string} kind */
  constructor(kind) {
    super()
    this.kind = kind
  }

  stop() {
    this.isStopped = true
  }
}

/**
 * A browser whose devices fail as told; both together fail when either does.
 *
 * @param {{audio?: string, video?: string}} errors error names by device
 */
function browser(errors) {
  /** @type {string[]} */
  const asked = []
  const getUserMedia = async (/** @type {MediaStreamConstraints} */ { audio, video }) => {
    asked.push([audio && 'audio', video && 'video'].filter(Boolean).join('+'))
    const name = (video && errors.video) || (audio && errors.audio)
    if (name) throw new DOMException('no', name)
    const tracks = { audio: audio ? [new FakeTrack('audio')] : [], video: video ? [new FakeTrack('video')] : [] }
    const stream = { getAudioTracks: () => tracks.audio, getVideoTracks: () => tracks.video }
    return /** @type {MediaStream} */ (/** @type {unknown} */ (stream))
  }
  return { asked, errors, getUserMedia }
}

const BOTH = { audio: true, video: true }

test('both devices are asked for in one question', async () => {
  const { asked, getUserMedia } = browser({})
  const { state, tracks } = await openDevices(getUserMedia, BOTH)
  assert.deepEqual(state, { audio: 'on', video: 'on' })
  assert.equal(tracks.audio?.kind, 'audio')
  assert.equal(tracks.video?.kind, 'video')
  assert.deepEqual(asked, ['audio+video'])
})

for (const [video, state] of /** @type {const} */ ([
  ['NotAllowedError', 'refused'],
  ['NotFoundError', 'missing'],
  ['NotReadableError', 'busy']
])) {
  test(`a camera that is ${state} leaves the sound`, async () => {
    const { asked, getUserMedia } = browser({ video })
    const opened = await openDevices(getUserMedia, BOTH)
    assert.deepEqual(opened.state, { audio: 'on', video: state })
    assert.deepEqual(asked, ['audio+video', 'audio', 'video'])
  })
}

test('a microphone that is missing leaves the picture', async () => {
  const { state } = await openDevices(browser({ audio: 'NotFoundError' }).getUserMedia, BOTH)
  assert.deepEqual(state, { audio: 'missing', video: 'on' })
})

test('nobody is kept out who refuses both', async () => {
  const errors = { audio: 'NotAllowedError', video: 'NotAllowedError' }
  const { state, tracks } = await openDevices(browser(errors).getUserMedia, BOTH)
  assert.deepEqual(state, { audio: 'refused', video: 'refused' })
  assert.deepEqual(tracks, { audio: null, video: null })
})

test('without camera only the microphone is asked for', async () => {
  const { asked, getUserMedia } = browser({})
  const { state } = await openDevices(getUserMedia, { audio: true, video: false })
  assert.deepEqual(state, { audio: 'on', video: 'off' })
  assert.deepEqual(asked, ['audio'])
})

test('a browser without devices is told so', async () => {
  assert.deepEqual((await openDevices(null, BOTH)).state, { audio: 'missing', video: 'missing' })
})

test('an error that nobody knows counts as missing', () => {
  assert.equal(deviceOfError(new TypeError('?')), 'missing')
  assert.equal(deviceOfError('?'), 'missing')
  assert.equal(deviceOfError(new DOMException('', 'OverconstrainedError')), 'missing')
  assert.equal(deviceOfError(new DOMException('', 'SecurityError')), 'refused')
  assert.equal(deviceOfError(new DOMException('', 'AbortError')), 'busy')
})

/** @param {{audio?: string, video?: string}} [errors] */
async function openLocal(errors = {}) {
  const fake = browser(errors)
  /** @type {MediaState[]} */
  const told = []
  const media = new LocalMedia(fake.getUserMedia, (_tracks, state) => told.push(state))
  await media.open(true)
  return { ...fake, media, told }
}

test('the microphone keeps its track when it is switched off', async () => {
  const { media, asked } = await openLocal()
  const track = media.tracks.audio
  await media.toggleMicrophone()
  assert.equal(media.state.audio, 'off')
  assert.equal(track?.enabled, false)
  await media.toggleMicrophone()
  assert.equal(media.state.audio, 'on')
  assert.equal(media.tracks.audio, track)
  assert.deepEqual(asked, ['audio+video'])
})

test('the camera is let go when it is switched off, and opened again', async () => {
  const { media, asked } = await openLocal()
  const track = /** @type {unknown} */ (media.tracks.video)
  await media.toggleCamera()
  assert.equal(/** @type {FakeTrack} */ (track).isStopped, true)
  assert.deepEqual(media.state, { audio: 'on', video: 'off' })
  await media.toggleCamera()
  assert.deepEqual(media.state, { audio: 'on', video: 'on' })
  assert.deepEqual(asked, ['audio+video', 'video'])
})

test('trying again asks only for what does not work', async () => {
  const { media, asked, errors } = await openLocal({ video: 'NotAllowedError' })
  delete errors.video
  asked.length = 0
  await media.retry()
  assert.deepEqual(asked, ['video'])
  assert.deepEqual(media.state, { audio: 'on', video: 'on' })
})

test('a camera that is unplugged is missing', async () => {
  const { media, told } = await openLocal()
  media.tracks.video?.dispatchEvent(new Event('ended'))
  assert.deepEqual(told.at(-1), { audio: 'on', video: 'missing' })
  assert.equal(media.tracks.video, null)
})

test('a page that is over lets go of everything, also of what comes later', async () => {
  const { media, told } = await openLocal()
  const { audio, video } = /** @type {any} */ (media.tracks)
  media.close()
  assert.equal(audio.isStopped && video.isStopped, true)
  const before = told.length
  await media.toggleCamera()
  assert.equal(told.length, before)
})
