/**
 * The room's conversation with the server: join, snapshots, and signals to the other person's page.
 */

/** @typedef {import('./types.js').IceAck} IceAck */
/** @typedef {import('./types.js').JoinAck} JoinAck */
/** @typedef {import('./types.js').MediaState} MediaState */
/** @typedef {import('./types.js').Signal} Signal */
/** @typedef {import('./types.js').SignalContent} SignalContent */
/** @typedef {import('./types.js').Snapshot} Snapshot */
/** @typedef {import('../live/connection.js').SocketLike} SocketLike */

const JOIN_TIMEOUT_MS = 8000
const LEAVE_TIMEOUT_MS = 1500
/** Then a call goes on with the servers that it knows. */
const ICE_TIMEOUT_MS = 2000

/**
 * @typedef {object} SignallingEvents
 * @property {(ack: JoinAck) => void} onJoined
 * @property {(snapshot: Snapshot) => void} onSnapshot
 * @property {(signal: Signal) => void} onSignal
 * @property {() => void} onReplaced
 * @property {(message: string) => void} onRefused the server did not let this page in
 * @property {() => void} onUnanswered the join got no answer: the connection must be made anew
 */

export class Signalling {
  /** @type {SocketLike} */ #socket
  #page
  /** @type {SignallingEvents} */ #events
  /** @type {MediaState | null} what the server knows of the devices */ #toldMedia = null
  /** @type {Signal[]} said while nobody could hear it */ #unsent = []
  #isJoined = false

  /**
   * @param {SocketLike} socket
   * @param {string} page
   * @param {SignallingEvents} events
   */
  constructor(socket, page, events) {
    this.#socket = socket
    this.#page = page
    this.#events = events
    socket.on('snapshot', (/** @type {Snapshot} */ snapshot) => events.onSnapshot(snapshot))
    socket.on('signal', (/** @type {Signal} */ signal) => {
      if (signal.to === page) events.onSignal(signal)
    })
    socket.on('replaced', () => events.onReplaced())
  }

  /** @param {MediaState} media */
  async join(media) {
    this.#isJoined = false
    /** @type {JoinAck} */
    let ack
    try {
      ack = await this.#socket.timeout(JOIN_TIMEOUT_MS).emitWithAck('join', { page: this.#page, media })
    } catch {
      this.#events.onUnanswered()
      return
    }
    if (!ack.ok && ack.error?.code === 'busy') {
      this.#events.onUnanswered()
      return
    }
    if (!ack.ok) {
      this.#events.onRefused(ack.error?.message ?? '')
      return
    }
    this.#isJoined = true
    this.#toldMedia = media
    this.#events.onJoined(ack)
    this.#sendUnsent(ack.snapshot?.peer.page ?? null)
  }

  /** The socket is gone; what is said from now on waits for the next join. */
  lost() {
    this.#isJoined = false
  }

  /** @param {MediaState} media */
  tellMedia(media) {
    const told = this.#toldMedia
    if (!this.#isJoined || !told) return
    if (told.audio === media.audio && told.video === media.video) return
    this.#toldMedia = media
    this.#socket.emit('media', media)
  }

  /**
   * @param {string} to the other person's page
   * @param {SignalContent} content
   */
  send(to, content) {
    const signal = { to, from: this.#page, ...content }
    if (this.#isJoined) this.#socket.emit('signal', signal)
    else this.#unsent.push(signal)
  }

  /**
   * Fresh credentials of the relays.
   *
   * @returns {Promise<IceAck | null>} null where the server cannot be asked now
   */
  async askIce() {
    if (!this.#isJoined) return null
    try {
      const ack = await this.#socket.timeout(ICE_TIMEOUT_MS).emitWithAck('ice', {})
      return ack?.ok ? ack : null
    } catch {
      return null
    }
  }

  /** @param {string} peer the page whose media plays here */
  tellConnected(peer) {
    if (this.#isJoined) this.#socket.emit('connected', { peer })
  }

  /** On purpose; it does not wait long for an answer. */
  async leave() {
    if (!this.#isJoined) return
    await this.#socket.timeout(LEAVE_TIMEOUT_MS).emitWithAck('leave', {}).catch(() => undefined)
  }

  /** @param {string | null} peerPage what was meant for another page is of no use any more */
  #sendUnsent(peerPage) {
    const unsent = this.#unsent
    this.#unsent = []
    for (const signal of unsent) if (signal.to === peerPage) this.#socket.emit('signal', signal)
  }
}
