/**
 * At most one refresh at a time, and one more when a change came in meanwhile: however many
 * changes arrive, the page never shows something older than the last of them.
 */
export class Refresher {
  /** @type {() => Promise<void>} */ #refresh
  #isRunning = false
  #isAskedAgain = false

  /** @param {() => Promise<void>} refresh */
  constructor(refresh) {
    this.#refresh = refresh
  }

  /** @returns {Promise<void>} settles when nothing more is to do; a failed refresh is left to the next change */
  async request() {
    if (this.#isRunning) {
      this.#isAskedAgain = true
      return
    }
    this.#isRunning = true
    try {
      do {
        this.#isAskedAgain = false
        await this.#refresh().catch(() => undefined)
      } while (this.#isAskedAgain)
    } finally {
      this.#isRunning = false
    }
  }
}
