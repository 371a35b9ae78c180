/**
 * One socket that is kept open: a short-lived token for each connection, and jittered reconnects.
 *
 * The page embeds a first token, so the first connection costs no request. Every later one
 * fetches a fresh token; when that is refused (signed out, no longer invited) it stops.
 */

/**
 * The part of a Socket.IO client socket that is used here.
 *
 * @typedef {object} SocketLike
 * @property {(event: string, listener: (...args: any[]) => void) => unknown} on
 * @property {(event: string, ...args: any[]) => unknown} emit
 * @property {(ms: number) => {emitWithAck: (event: string, ...args: any[]) => Promise<any>}} timeout
 * @property {() => unknown} connect
 * @property {() => unknown} disconnect
 * @property {any} auth
 * @property {boolean} connected
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {SocketLike} socket
 * @property {string} token the token that the page embeds
 * @property {() => Promise<string | null>} fetchToken null: refused; it rejects when the server cannot be reached
 * @property {() => void} onOpen connected
 * @property {() => void} onLost not connected (told once per loss), trying again
 * @property {() => void} onRefused this person may not connect any more; nothing more is tried
 * @property {(run: () => void, ms: number) => unknown} [setTimer]
 * @property {(timer: any) => void} [clearTimer]
 * @property {() => number} [random] in [0, 1)
 */

const FIRST_DELAY_MS = 400
const LONGEST_DELAY_MS = 8000

/**
 * How long to wait before the next try. The jitter keeps all pages from coming back at the same
 * moment after a restart of the server.
 *
 * @param {number} attempt from 0
 * @param {number} random in [0, 1)
 */
export function reconnectDelay(attempt, random) {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + random)
}

export class Connection {
  /** @type {ConnectionOptions} */ #options
  /** @type {string | null} */ #unusedToken
  #attempt = 0
  #isStopped = false
  #isLost = false
  /** @type {unknown} */ #timer = null

  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.#options = options
    this.#unusedToken = options.token
    const { socket } = options
    socket.on('connect', () => {
      this.#attempt = 0
      this.#isLost = false
      options.onOpen()
    })
    socket.on('disconnect', () => this.#retry())
    socket.on('connect_error', (/** @type {Error} */ error) => {
      if (error.message === 'not-allowed') this.#refuse()
      else this.#retry()
    })
  }

  /** Connects for the first time. */
  start() {
    void this.#connect()
  }

  /** Tries again at once, because something changed (the network is back). */
  hurry() {
    if (this.#timer === null) return
    this.#clearTimer()
    this.#attempt = 0
    void this.#connect()
  }

  /** Ends it for good. */
  stop() {
    this.#isStopped = true
    this.#clearTimer()
    this.#options.socket.disconnect()
  }

  async #connect() {
    let token = this.#unusedToken
    this.#unusedToken = null
    if (token === null) {
      try {
        token = await this.#options.fetchToken()
      } catch {
        this.#retry()
        return
      }
    }
    if (this.#isStopped) return
    if (token === null) {
      this.#refuse()
      return
    }
    this.#options.socket.auth = { token }
    this.#options.socket.connect()
  }

  #retry() {
    if (this.#isStopped || this.#timer !== null) return
    if (!this.#isLost) {
      this.#isLost = true
      this.#options.onLost()
    }
    const { setTimer = setTimeout, random = Math.random } = this.#options
    const delay = reconnectDelay(this.#attempt, random())
    this.#attempt += 1
    this.#timer = setTimer(() => {
      this.#timer = null
      void this.#connect()
    }, delay)
  }

  #refuse() {
    if (this.#isStopped) return
    this.stop()
    this.#options.onRefused()
  }

  #clearTimer() {
    const { clearTimer = clearTimeout } = this.#options
    if (this.#timer !== null) clearTimer(/** @type {any} */ (this.#timer))
    this.#timer = null
  }
}

/**
 * Asks the server for a fresh token.
 *
 * @param {string} url
 * @returns {Promise<string | null>} null when this person may not have one
 */
export async function fetchToken(url) {
  const response = await fetch(url, {
    // Nobody pressed anything: it keeps no sign-in alive.
    headers: { Accept: 'application/json', 'X-Background': '1' },
    cache: 'no-store',
    redirect: 'error'
  })
  if ([401, 403, 404].includes(response.status)) return null
  if (!response.ok) throw new Error(`The token request was answered with ${response.status}.`)
  const body = await response.json()
  return String(body.token)
}
