/**
 * Saves what is typed: a little after the last key, one request at a time, with the version that it was based
 * on. Pure apart from what is passed in. Nothing is kept in the browser's storage.
 */

/** @typedef {Record<string, string>} Sections */

/** @typedef {import('../room/types.js').Timers} Timers */

/**
 * @typedef {{status: 'saved', version: number, savedAt: Date}
 *   | {status: 'conflict', version: number, sections: Sections}
 *   | {status: 'refused', message: string}} Answer
 *
 * @typedef {'saved' | 'waiting' | 'saving' | 'failed' | 'conflict' | 'refused'} SaveState
 */

export const PAUSE_MS = 800
const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 5000

export class Saver {
  /** @type {Options} */ #options
  #version
  #hasChanges = false
  /** @type {SaveState} */ #state = 'saved'
  #failures = 0
  /** @type {unknown} */ #timer = null
  /** @type {Promise<void> | null} */ #running = null

  /**
   * @typedef {object} Options
   * @property {number} version
   * @property {() => Sections} read what is in the page now
   * @property {(sections: Sections, version: number) => Promise<Answer>} put it rejects when the server cannot be reached
   * @property {(state: SaveState, detail: {savedAt?: Date, sections?: Sections, message?: string}) => void} tell
   * @property {(version: number) => void} versionChanged
   * @property {Timers} timers
   *
   * @param {Options} options
   */
  constructor(options) {
    this.#options = options
    this.#version = options.version
  }

  /** Whether leaving the page now would lose something. */
  get isUnsaved() {
    return this.#hasChanges || this.#running !== null
  }

  changed() {
    this.#hasChanges = true
    if (this.#state === 'conflict') return
    if (this.#state === 'saved') this.#enter('waiting')
    this.#schedule(PAUSE_MS)
  }

  /** The network is back: no need to wait for the next try. */
  hurry() {
    if (this.#state === 'failed') this.#schedule(0)
  }

  /**
   * The writer chose between the two texts of a conflict; what is in the page is saved over the other version.
   *
   * @param {number} version
   */
  resolve(version) {
    this.#version = version
    this.#options.versionChanged(version)
    this.#hasChanges = true
    this.#enter('waiting')
    this.#schedule(0)
  }

  /** @returns {Promise<boolean>} whether everything is saved */
  async flush() {
    if (this.#running) await this.#running
    if (this.#hasChanges && this.#state !== 'conflict') {
      this.#stopTimer()
      await this.#save()
    }
    return !this.isUnsaved
  }

  /** Whoever took the text over keeps it from here on: nothing more is sent. */
  stop() {
    this.#stopTimer()
    this.#hasChanges = false
    this.#state = 'refused'
  }

  /** @param {number} ms */
  #schedule(ms) {
    this.#stopTimer()
    this.#timer = this.#options.timers.set(() => {
      this.#timer = null
      void this.#save()
    }, ms)
  }

  #stopTimer() {
    if (this.#timer !== null) this.#options.timers.clear(this.#timer)
    this.#timer = null
  }

  async #save() {
    if (this.#running) {
      this.#schedule(PAUSE_MS)
      return
    }
    this.#running = this.#saveOnce()
    await this.#running
    this.#running = null
    if (this.#state === 'saved' && this.#hasChanges) this.changed()
  }

  async #saveOnce() {
    const { read, put } = this.#options
    this.#hasChanges = false
    if (this.#state !== 'failed') this.#enter('saving')
    /** @type {Answer} */
    let answer
    try {
      answer = await put(read(), this.#version)
    } catch {
      this.#hasChanges = true
      this.#failures += 1
      this.#enter('failed')
      this.#schedule(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1)))
      return
    }
    this.#failures = 0
    if (answer.status === 'saved') {
      this.#version = answer.version
      this.#options.versionChanged(answer.version)
      this.#enter('saved', { savedAt: answer.savedAt })
    } else {
      this.#hasChanges = true
      this.#version = answer.status === 'conflict' ? answer.version : this.#version
      this.#enter(answer.status, answer)
    }
  }

  get version() {
    return this.#version
  }

  /** The text was changed elsewhere, and the writer has not chosen between the two yet. */
  get isInConflict() {
    return this.#state === 'conflict'
  }

  /**
   * @param {SaveState} state
   * @param {{savedAt?: Date, sections?: Sections, message?: string}} [detail]
   */
  #enter(state, detail = {}) {
    this.#state = state
    this.#options.tell(state, detail)
  }
}
