/**
 * Candidates in batches: one message for those found within 50 ms, and at once at the end. Sent one by
 * one they would be most of the messages of a call set-up.
 */

/** @typedef {import('./types.js').Candidate} Candidate */
/** @typedef {import('./types.js').Timers} Timers */

export const BATCH_MS = 50
/** The server refuses a message with more. */
export const LARGEST_BATCH = 100

export class CandidateBatch {
  /** @type {(candidates: Candidate[]) => void} */ #send
  /** @type {Timers} */ #timers
  /** @type {Candidate[]} */ #waiting = []
  /** @type {unknown} */ #timer = null
  #isClosed = false

  /**
   * @param {(candidates: Candidate[]) => void} send
   * @param {Timers} timers
   */
  constructor(send, timers) {
    this.#send = send
    this.#timers = timers
  }

  /**
   * The end is told along with the last candidates; alone it is not worth a message.
   *
   * @param {Candidate} candidate null: there are no more
   */
  add(candidate) {
    if (this.#isClosed) return
    if (candidate === null && this.#waiting.length === 0) return
    this.#waiting.push(candidate)
    if (candidate === null || this.#waiting.length >= LARGEST_BATCH) this.flush()
    else this.#timer ??= this.#timers.set(() => this.flush(), BATCH_MS)
  }

  flush() {
    this.#stopTimer()
    if (this.#waiting.length === 0) return
    const batch = this.#waiting
    this.#waiting = []
    this.#send(batch)
  }

  /** Drops what was not sent: the connection that it belongs to is gone. */
  close() {
    this.#isClosed = true
    this.#waiting = []
    this.#stopTimer()
  }

  #stopTimer() {
    if (this.#timer !== null) this.#timers.clear(this.#timer)
    this.#timer = null
  }
}
