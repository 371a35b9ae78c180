/**
 * When to warn that a sign-in ends, and when to ask for it again. The rules only: time, server and dialogs are
 * passed in. Other tabs go on too, so the server is asked before anything is shown.
 */

/** @typedef {import('../room/types.js').Timers} Timers */

/**
 * What the server says of this browser's sign-in.
 *
 * @typedef {object} State
 * @property {boolean} isSignedIn
 * @property {string | null} who the account, null where nobody is signed in
 * @property {number} expiresAt ms since 1970: when it ends if nothing more is done
 * @property {number} endsAt ms since 1970: when it ends whatever is done
 *
 * @typedef {'none' | 'warning' | 'soon' | 'ended' | 'gone' | 'other' | 'proof'} Shown
 * `soon`: the longest time is nearly over; `ended`: it must be proved again; `gone`: it was ended, so that only a new
 * sign-in helps; `other`: somebody else signed in; `proof`: the server asks for a proof first
 */

export const WARN_BEFORE_MS = 120_000
const RETRY_MS = 15_000
/** Timers of a sleeping computer stand still: no wait is longer than this. */
const LONGEST_WAIT_MS = 60_000
/** Put off by the person: scripts do not ask again before. */
const PUT_OFF_MS = 300_000

export class SessionWatch {
  /** @type {Options} */ #options
  /** @type {State} */ #state
  /** @type {Shown} */ #shown = 'none'
  /** @type {unknown} */ #timer = null
  #isOut = false
  #isUnanswered = false
  #putOffUntil = 0
  /** @type {((isIn: boolean) => void)[]} */ #waiting = []

  /**
   * @typedef {object} Options
   * @property {State} state as the page was made
   * @property {() => Promise<State>} ask rejects when the server cannot be reached
   * @property {() => Promise<State>} stay the person pressed "Stay signed in"; rejects likewise
   * @property {(shown: Shown, state: State) => void} show
   * @property {() => number} now ms since 1970
   * @property {Timers} timers
   *
   * @param {Options} options
   */
  constructor(options) {
    this.#options = options
    this.#state = options.state
  }

  start() {
    this.#schedule(this.#msToWarning())
  }

  /** Whether the sign-in is over, as far as this page knows. */
  get isOver() {
    return this.#isOut || this.#options.now() >= Math.min(this.#state.expiresAt, this.#state.endsAt)
  }

  /** The computer woke up, the tab came to the front, or another tab may have signed in. */
  async check() {
    /** @type {State} */
    let state
    try {
      state = await this.#options.ask()
    } catch {
      this.#isUnanswered = true
      this.#schedule(RETRY_MS)
      return
    }
    this.#take(state)
  }

  async stay() {
    const state = await this.#options.stay()
    this.#take(state)
  }

  /** The person closed the dialog to go on with a call, for example. */
  putOff() {
    this.#putOffUntil = this.#options.now() + PUT_OFF_MS
    this.#enter('none')
    this.#settle(false)
    this.#schedule(LONGEST_WAIT_MS)
  }

  /**
   * Something was refused because nobody is signed in, or because a proof is asked for.
   *
   * @param {{isProof?: boolean, isByPress?: boolean}} [why] isByPress: the person asked for it just now
   * @returns {Promise<boolean>} whether it can be tried again
   */
  askForSignIn({ isProof = false, isByPress = false } = {}) {
    if (!isByPress && this.#options.now() < this.#putOffUntil) return Promise.resolve(false)
    const answer = new Promise((/** @type {(isIn: boolean) => void} */ resolve) => this.#waiting.push(resolve))
    if (isProof) this.#enter('proof')
    else void this.check()
    return answer
  }

  /** The proof was given. @param {State} state */
  proved(state) {
    this.#putOffUntil = 0
    this.#shown = 'ended'
    this.#take(state)
  }

  /** @param {State} state */
  #take(state) {
    this.#isUnanswered = false
    this.#state = state
    const before = this.#options.state.who
    this.#isOut = !state.isSignedIn || state.who !== before
    if (state.who === null) {
      this.#ask('gone')
    } else if (state.who !== before) {
      this.#ask('other')
    } else if (!state.isSignedIn) {
      this.#ask('ended')
    } else {
      this.#goOn()
    }
  }

  #goOn() {
    const now = this.#options.now()
    const { expiresAt, endsAt } = this.#state
    if (this.#shown === 'proof') return
    this.#settle(true)
    if (now >= endsAt - WARN_BEFORE_MS) {
      if (now >= this.#putOffUntil) this.#enter('soon')
      this.#schedule(Math.max(1000, endsAt - now))
    } else if (now >= expiresAt - WARN_BEFORE_MS) {
      this.#enter('warning')
      this.#schedule(Math.max(1000, expiresAt - now))
    } else {
      this.#enter('none')
      this.#schedule(this.#msToWarning())
    }
  }

  /** @param {Shown} shown */
  #ask(shown) {
    const isPutOff = this.#options.now() < this.#putOffUntil && this.#waiting.length === 0
    if (!isPutOff) this.#enter(shown)
    this.#schedule(LONGEST_WAIT_MS)
  }

  /** @param {Shown} shown */
  #enter(shown) {
    if (shown === this.#shown && shown !== 'none') return
    this.#shown = shown
    this.#options.show(shown, this.#state)
  }

  /** @param {boolean} isIn */
  #settle(isIn) {
    for (const resolve of this.#waiting.splice(0)) resolve(isIn)
  }

  #msToWarning() {
    const { expiresAt, endsAt } = this.#state
    return Math.max(0, Math.min(expiresAt, endsAt) - WARN_BEFORE_MS - this.#options.now())
  }

  /** @param {number} ms */
  #schedule(ms) {
    if (this.#timer !== null) this.#options.timers.clear(this.#timer)
    const wait = Math.min(ms, LONGEST_WAIT_MS)
    this.#timer = this.#options.timers.set(() => {
      this.#timer = null
      // The whole wait was cut in pieces: only its end is worth a question to the server.
      const isEarly = this.#shown === 'none' && !this.#isOut && !this.#isUnanswered && this.#msToWarning() > 0
      if (isEarly) this.#schedule(this.#msToWarning())
      else void this.check()
    }, wait)
  }
}
