/** Stand-ins that several tests use, written once. */

/** Time that passes only when a test says so. */
export class FakeTimers {
  now = 0
  /** @type {{at: number, run: () => void}[]} */
  #waiting = []

  /** @type {import('../../static/src/room/types.js').Timers} */
  timers = {
    set: (run, ms) => {
      const timer = { at: this.now + ms, run }
      this.#waiting.push(timer)
      return timer
    },
    clear: (timer) => {
      this.#waiting = this.#waiting.filter((other) => other !== timer)
    }
  }

  get pending() {
    return this.#waiting.length
  }

  /** @param {number} ms */
  pass(ms) {
    const end = this.now + ms
    for (;;) {
      const [next] = this.#waiting.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)
      if (!next) break
      this.now = next.at
      this.timers.clear(next)
      next.run()
    }
    this.now = end
  }
}

/** Lets everything run that waits for a promise. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * @param {Partial<import('../../static/src/room/types.js').Snapshot>} [changes]
 * @param {Partial<import('../../static/src/room/types.js').Peer>} [peer]
 * @returns {import('../../static/src/room/types.js').Snapshot}
 */
export function snapshot(changes = {}, peer = {}) {
  return {
    version: 1,
    status: 'arrived',
    you: { role: 'patient', presence: 'waiting' },
    ahead: 0,
    after_url: null,
    ...changes,
    peer: {
      role: 'clinician',
      name: 'Dr Amara Okafor',
      presence: 'expected',
      page: null,
      media: { audio: 'on', video: 'on' },
      ...peer
    }
  }
}
