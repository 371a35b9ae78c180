/**
 * What to do when the media connection is in trouble. It goes by connectionState: iceConnectionState never
 * says "failed" in some browsers. Only the clinician's side restarts, and the patient's side asks it to:
 * when both restart at once the picture freezes although every state says "connected".
 */

/** @typedef {import('./types.js').Role} Role */
/** @typedef {import('./types.js').Timers} Timers */

/** A restart that has not helped by then is followed by a new connection. */
export const DEADLINE_MS = 10_000
/** A new connection that does not come up by then is in trouble: without any candidate there is no "failed". */
export const START_MS = 15_000
/** Asked again within this time, a restart did not help the other side. */
const ASKED_AGAIN_MS = 30_000

/**
 * @typedef {'connecting' | 'connected' | 'unsteady' | 'recovering'} Phase
 *
 * @typedef {object} RecoveryActions
 * @property {() => void} restart restarts ICE on this connection
 * @property {() => void} rebuild throws the connection away and makes a new one
 * @property {() => void} ask asks the other side to restart
 * @property {(phase: Phase, attempt: number) => void} tell
 */

export class Recovery {
  /** @type {Role} */ #role
  /** @type {RecoveryActions} */ #actions
  /** @type {Timers} */ #timers
  /** @type {() => number} */ #now
  /** @type {Phase} */ #phase = 'connecting'
  #attempt = 0
  #lastAskedAt = -Infinity
  #lastFrozenAt = -Infinity
  /** @type {unknown} */ #timer = null
  #isClosed = false

  /**
   * @param {object} options
   * @param {Role} options.role
   * @param {RecoveryActions} options.actions
   * @param {Timers} options.timers
   * @param {() => number} options.now milliseconds
   */
  constructor({ role, actions, timers, now }) {
    this.#role = role
    this.#actions = actions
    this.#timers = timers
    this.#now = now
  }

  /** A peer connection has just been made. */
  begin() {
    if (this.#isClosed || this.#phase === 'recovering') return
    this.#enter('connecting')
    this.#wait(START_MS)
  }

  /** @param {RTCPeerConnectionState} state */
  connectionChanged(state) {
    if (this.#isClosed) return
    if (state === 'connected') {
      this.#stopTimer()
      this.#attempt = 0
      this.#enter('connected')
    } else if (state === 'disconnected' && this.#phase === 'connected') {
      // It often comes back by itself, and a restart now gains nothing.
      this.#enter('unsteady')
    } else if (state === 'failed' && this.#phase !== 'recovering') {
      this.#tryRestart()
    }
  }

  /**
   * The devices were allowed while the connection still tries: what it gathered before has no addresses of
   * this device, because browsers hide them until somebody allows the camera or the microphone.
   */
  devicesAllowed() {
    if (this.#isClosed || this.#phase !== 'connecting') return
    if (this.#role === 'clinician') this.#actions.restart()
    else this.#actions.ask()
  }

  /** The other side asks for a restart. */
  asked() {
    if (this.#isClosed || this.#role !== 'clinician' || this.#phase === 'recovering') return
    if (this.#phase === 'connecting') {
      this.#actions.restart()
      return
    }
    const isAgain = this.#now() - this.#lastAskedAt < ASKED_AGAIN_MS
    this.#lastAskedAt = this.#now()
    if (isAgain) this.#tryRebuild()
    else this.#tryRestart()
  }

  /** Pictures arrive but none is shown: no restart heals that. */
  frozen() {
    if (this.#isClosed || this.#phase !== 'connected') return
    if (this.#now() - this.#lastFrozenAt < DEADLINE_MS) return
    this.#lastFrozenAt = this.#now()
    if (this.#role === 'clinician') this.#tryRebuild()
    else this.#actions.ask()
  }

  close() {
    this.#isClosed = true
    this.#stopTimer()
  }

  #tryRestart() {
    this.#attempt += 1
    this.#enter('recovering')
    this.#wait(DEADLINE_MS)
    if (this.#role === 'clinician') this.#actions.restart()
    else this.#actions.ask()
  }

  #tryRebuild() {
    this.#attempt += 1
    this.#enter('recovering')
    this.#wait(DEADLINE_MS)
    if (this.#role === 'clinician') this.#actions.rebuild()
    else this.#actions.ask()
  }

  /** @param {number} ms */
  #wait(ms) {
    this.#stopTimer()
    this.#timer = this.#timers.set(() => {
      this.#timer = null
      this.#tryRebuild()
    }, ms)
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.#phase = phase
    this.#actions.tell(phase, this.#attempt)
  }

  #stopTimer() {
    if (this.#timer !== null) this.#timers.clear(this.#timer)
    this.#timer = null
  }
}
