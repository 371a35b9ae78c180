/**
 * The own camera and microphone. A person without one of them, or who refuses, still gets in: both, else
 * sound only, else picture only, else neither, and for each device the page knows why.
 */

/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').MediaState} MediaState */
/** @typedef {import('./types.js').Tracks} Tracks */
/** @typedef {(constraints: MediaStreamConstraints) => Promise<MediaStream>} GetUserMedia */

/** @type {MediaTrackConstraints} */
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
/** @type {MediaTrackConstraints} */
const VIDEO = {
  width: { ideal: 960 },
  height: { ideal: 540 },
  frameRate: { ideal: 25, max: 30 },
  facingMode: 'user'
}

/** @type {Record<string, Device>} */
const DEVICE_OF_ERROR = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy'
}

/**
 * What an error of getUserMedia means for the device that was asked for.
 *
 * @param {unknown} error
 * @returns {Device}
 */
export function deviceOfError(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  return DEVICE_OF_ERROR[name] ?? 'missing'
}

/**
 * Opens what can be opened.
 *
 * @param {GetUserMedia | null} getUserMedia null: this browser or page has none
 * @param {{audio: boolean, video: boolean}} wanted
 * @returns {Promise<{tracks: Tracks, state: MediaState}>}
 */
export async function openDevices(getUserMedia, wanted) {
  /** @type {Tracks} */
  const tracks = { audio: null, video: null }
  /** @type {MediaState} */
  const state = { audio: 'off', video: 'off' }
  if (!getUserMedia) {
    return { tracks, state: { audio: 'missing', video: wanted.video ? 'missing' : 'off' } }
  }

  /** @param {{audio: boolean, video: boolean}} kinds */
  const open = async (kinds) => {
    const stream = await getUserMedia({
      audio: kinds.audio && AUDIO,
      video: kinds.video && VIDEO
    })
    if (kinds.audio) tracks.audio = stream.getAudioTracks()[0] ?? null
    if (kinds.video) tracks.video = stream.getVideoTracks()[0] ?? null
    if (kinds.audio) state.audio = tracks.audio ? 'on' : 'missing'
    if (kinds.video) state.video = tracks.video ? 'on' : 'missing'
  }

  if (wanted.audio && wanted.video) {
    try {
      await open(wanted)
      return { tracks, state }
    } catch {
      // One of the two may still work: the error does not say which one failed.
    }
  }
  if (wanted.audio) {
    await open({ audio: true, video: false }).catch((error) => (state.audio = deviceOfError(error)))
  }
  if (wanted.video) {
    await open({ audio: false, video: true }).catch((error) => (state.video = deviceOfError(error)))
  }
  return { tracks, state }
}

/** The devices of this page through its life: open, switch off and on, try again. */
export class LocalMedia {
  /** @type {GetUserMedia | null} */ #getUserMedia
  /** @type {(tracks: Tracks, state: MediaState) => void} */ #changed
  /** @type {Tracks} */ #tracks = { audio: null, video: null }
  /** @type {MediaState} */ #state = { audio: 'asking', video: 'asking' }
  #isClosed = false
  #isBusy = false

  /**
   * @param {GetUserMedia | null} getUserMedia
   * @param {(tracks: Tracks, state: MediaState) => void} changed
   */
  constructor(getUserMedia, changed) {
    this.#getUserMedia = getUserMedia
    this.#changed = changed
  }

  get tracks() {
    return this.#tracks
  }

  get state() {
    return this.#state
  }

  /**
   * @param {boolean} isCameraWanted
   * @returns {Promise<void>} settles when it is known what works
   */
  async open(isCameraWanted) {
    this.#state = { audio: 'asking', video: isCameraWanted ? 'asking' : 'off' }
    await this.#open({ audio: true, video: isCameraWanted })
  }

  /** Asks again for what does not work. */
  async retry() {
    const isFailed = (/** @type {Device} */ device) => ['refused', 'missing', 'busy'].includes(device)
    await this.#open({ audio: isFailed(this.#state.audio), video: isFailed(this.#state.video) })
  }

  /** The microphone keeps its track and sends silence, so that speaking again takes no time. */
  async toggleMicrophone() {
    const track = this.#tracks.audio
    if (!track) return this.#open({ audio: true, video: false })
    track.enabled = !track.enabled
    this.#tell({}, { audio: track.enabled ? 'on' : 'off' })
  }

  /** The camera is let go, so that its light goes out. */
  async toggleCamera() {
    const track = this.#tracks.video
    if (!track) return this.#open({ audio: false, video: true })
    track.stop()
    this.#tell({ video: null }, { video: 'off' })
  }

  close() {
    this.#isClosed = true
    this.#tracks.audio?.stop()
    this.#tracks.video?.stop()
    this.#tracks = { audio: null, video: null }
  }

  /** @param {{audio: boolean, video: boolean}} wanted */
  async #open(wanted) {
    if (this.#isClosed || this.#isBusy || !(wanted.audio || wanted.video)) return
    this.#isBusy = true
    try {
      const opened = await openDevices(this.#getUserMedia, wanted)
      if (this.#isClosed) {
        opened.tracks.audio?.stop()
        opened.tracks.video?.stop()
        return
      }
      /** @type {Partial<Tracks>} */
      const tracks = {}
      /** @type {Partial<MediaState>} */
      const state = {}
      for (const kind of /** @type {const} */ (['audio', 'video'])) {
        if (!wanted[kind]) continue
        tracks[kind] = opened.tracks[kind]
        state[kind] = opened.state[kind]
        this.#watch(kind, opened.tracks[kind])
      }
      this.#tell(tracks, state)
    } finally {
      this.#isBusy = false
    }
  }

  /**
   * @param {'audio' | 'video'} kind
   * @param {MediaStreamTrack | null} track
   */
  #watch(kind, track) {
    track?.addEventListener('ended', () => {
      // Unplugged, or taken away in the browser's settings; our own stop() gives no such event.
      if (this.#tracks[kind] === track) this.#tell({ [kind]: null }, { [kind]: 'missing' })
    })
  }

  /**
   * @param {Partial<Tracks>} tracks
   * @param {Partial<MediaState>} state
   */
  #tell(tracks, state) {
    this.#tracks = { ...this.#tracks, ...tracks }
    this.#state = { ...this.#state, ...state }
    this.#changed(this.#tracks, this.#state)
  }
}
