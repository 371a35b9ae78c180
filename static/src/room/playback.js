/**
 * Whether the other person's picture is really shown: displayed frames, not what the connection says.
 */

/** Without a new frame for this long, although frames are decoded, the picture is frozen. */
export const STALL_MS = 3000

/**
 * @typedef {object} Sample
 * @property {number} at milliseconds
 * @property {number} displayed frames shown so far
 * @property {number} decoded frames decoded so far
 * @property {boolean} isExpected the page is visible and the sender says that its camera is on
 */

/** Judges samples of the frame counters; knows nothing of the browser. */
export class FrameWatch {
  /** @type {Sample | null} the last one at which the picture moved, or was not expected to */ #good = null

  /**
   * @param {Sample} sample
   * @returns {'fine' | 'frozen' | 'starved'} frozen: decoded but not shown; starved: nothing arrives
   */
  judge(sample) {
    const good = this.#good
    if (!good || !sample.isExpected || sample.displayed !== good.displayed) {
      this.#good = sample
      return 'fine'
    }
    if (sample.at - good.at < STALL_MS) return 'fine'
    return sample.decoded > good.decoded ? 'frozen' : 'starved'
  }

  reset() {
    this.#good = null
  }
}

/**
 * Shows the other person's stream. The picture has no sound of its own and may always start by itself; the
 * sound has an element of its own, so that a browser that blocks it does not block the picture.
 *
 * @param {object} options
 * @param {HTMLVideoElement} options.video
 * @param {HTMLAudioElement} options.audio
 * @param {(isBlocked: boolean) => void} options.soundBlocked
 * @param {() => void} options.pictureShown another frame is on the screen
 * @param {() => void} options.soundPlays the sound of a connection has started
 */
export function createPlayback({ video, audio, soundBlocked, pictureShown, soundPlays }) {
  let displayed = 0
  let round = 0

  audio.addEventListener('playing', () => {
    soundBlocked(false)
    soundPlays()
  })

  function playSound() {
    audio.play().catch((error) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') soundBlocked(true)
    })
  }

  /** @param {number} ofRound */
  function countFrames(ofRound) {
    if (ofRound !== round) return
    const shown = () => {
      if (ofRound !== round) return
      displayed += 1
      pictureShown()
      countFrames(ofRound)
    }
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(shown)
    else /** @type {HTMLVideoElement} */ (video).addEventListener('timeupdate', shown, { once: true })
  }

  return {
    get displayed() {
      return displayed
    },

    /** @param {MediaStreamTrack} track one of a connection's tracks, as they come */
    add(track) {
      const element = track.kind === 'video' ? video : audio
      element.srcObject = new MediaStream([track])
      if (track.kind === 'audio') {
        playSound()
        return
      }
      round += 1
      countFrames(round)
      video.play().catch(() => undefined)
    },

    playSound,

    clear() {
      round += 1
      video.srcObject = null
      audio.srcObject = null
      soundBlocked(false)
    }
  }
}
