/**
 * One media connection between this page and one page of the other person. The clinician's side offers;
 * the patient's side makes its connection when the first offer comes, and a new one when an offer comes
 * from a connection that was built anew.
 *
 * Both sides always have one audio and one video line in both directions, with or without a device behind
 * them: a camera that comes later or goes is a replaced track, and needs no negotiation.
 */
import { CandidateBatch } from './candidates.js'
import { Negotiation, sessionOf } from './negotiation.js'
import { Recovery } from './recovery.js'
import { browserTimers } from './types.js'

/** @typedef {import('./types.js').Role} Role */
/** @typedef {import('./types.js').SignalContent} SignalContent */
/** @typedef {import('./types.js').Tracks} Tracks */
/** @typedef {import('./recovery.js').Phase} Phase */

/** In this order: sound is worth more than the picture. */
const KINDS = /** @type {const} */ (['audio', 'video'])

export class Call {
  /** @type {string} the other person's page */ peerPage
  /** @type {Options} */ #options
  /** @type {RTCPeerConnection | null} */ #peer = null
  /** @type {Negotiation | null} */ #negotiation = null
  /** @type {CandidateBatch | null} */ #batch = null
  /** @type {Recovery} */ #recovery
  /** @type {Partial<Record<'audio' | 'video', RTCRtpSender>>} */ #senders = {}
  /** Which connection of the other side ours answers. @type {string | null} */ #remoteSession = null
  /** One message after another: what follows an offer waits for its connection. @type {Promise<void>} */
  #received = Promise.resolve()
  #builds = 0
  #isClosed = false

  /**
   * @typedef {object} Options
   * @property {Role} role
   * @property {string} peerPage
   * @property {() => Promise<RTCConfiguration>} freshConfiguration credentials of relays live an hour only
   * @property {Tracks} tracks
   * @property {(content: SignalContent) => void} send
   * @property {(track: MediaStreamTrack) => void} onTrack
   * @property {(phase: Phase, attempt: number) => void} onPhase
   *
   * @param {Options} options
   */
  constructor(options) {
    this.#options = options
    this.peerPage = options.peerPage
    this.#recovery = new Recovery({
      role: options.role,
      timers: browserTimers,
      now: () => performance.now(),
      actions: {
        restart: () => void this.#restart(),
        rebuild: () => void this.#build(),
        ask: () => options.send({ restart: true }),
        tell: options.onPhase
      }
    })
  }

  start() {
    if (this.#options.role === 'clinician') void this.#build()
  }

  /**
   * @param {SignalContent} content
   * @returns {Promise<void>}
   */
  receive(content) {
    if (content.restart) {
      this.#recovery.asked()
      return Promise.resolve()
    }
    const begun = this.#received.then(() => this.#begin(content))
    this.#received = begun.then(
      () => undefined,
      () => undefined
    )
    return begun.then(async ({ done }) => void (await done))
  }

  /**
   * Makes the connection that a message is for. The next message waits for that alone: what a connection was doing
   * when it was closed never ends.
   *
   * @param {SignalContent} content
   * @returns {Promise<{done: Promise<unknown> | undefined}>}
   */
  async #begin({ description, candidates }) {
    if (this.#isClosed) return { done: undefined }
    if (description?.type === 'offer' && this.#options.role === 'patient') {
      const session = sessionOf(description.sdp)
      // The offer may restart ICE: this side gathers anew then, too.
      if (this.#peer && session === this.#remoteSession) await this.#refresh(this.#peer)
      else await this.#build()
      this.#remoteSession = session
    }
    if (description) return { done: this.#negotiation?.receiveDescription(description) }
    return { done: this.#negotiation?.receiveCandidates(candidates ?? []) }
  }

  /** @param {Tracks} tracks */
  setTracks(tracks) {
    const hadNone = !KINDS.some((kind) => this.#options.tracks[kind])
    this.#options = { ...this.#options, tracks }
    if (hadNone && this.#peer && KINDS.some((kind) => tracks[kind])) this.#recovery.devicesAllowed()
    for (const kind of KINDS) {
      const sender = this.#senders[kind]
      if (sender && sender.track !== tracks[kind]) void sender.replaceTrack(tracks[kind])
    }
  }

  /** The picture arrives but does not move. */
  reportFrozen() {
    this.#recovery.frozen()
  }

  /** @returns {Promise<number>} frames of the other person's picture decoded so far */
  async countDecoded() {
    let decoded = 0
    const report = await this.#peer?.getStats()
    report?.forEach((entry) => {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') decoded += entry.framesDecoded ?? 0
    })
    return decoded
  }

  close() {
    this.#isClosed = true
    this.#recovery.close()
    this.#discard()
  }

  async #restart() {
    const peer = this.#peer
    if (peer && (await this.#refresh(peer))) peer.restartIce()
  }

  /**
   * @param {RTCPeerConnection} peer
   * @returns {Promise<boolean>} false where it is not the call's connection any more
   */
  async #refresh(peer) {
    const configuration = await this.#options.freshConfiguration()
    if (peer !== this.#peer) return false
    peer.setConfiguration(configuration)
    return true
  }

  async #build() {
    this.#builds += 1
    const build = this.#builds
    const configuration = await this.#options.freshConfiguration()
    // Closed meanwhile, or a newer one is on its way.
    if (this.#isClosed || build !== this.#builds) return
    this.#discard()
    const { role, send } = this.#options
    const peer = new RTCPeerConnection(configuration)
    const batch = new CandidateBatch((candidates) => send({ candidates }), browserTimers)
    const negotiation = new Negotiation({
      peer,
      isPolite: role === 'patient',
      send,
      prepareAnswer: () => this.#openLines(peer)
    })
    this.#peer = peer
    this.#batch = batch
    this.#negotiation = negotiation
    peer.addEventListener('negotiationneeded', () => {
      negotiation.offer().catch((error) => console.warn('No offer could be made.', error))
    })
    peer.addEventListener('icecandidate', ({ candidate }) => {
      // An empty string ends one generation; the null at the very end says the same for all.
      if (candidate?.candidate !== '') batch.add(candidate?.toJSON() ?? null)
    })
    peer.addEventListener('connectionstatechange', () => {
      if (peer === this.#peer) this.#recovery.connectionChanged(peer.connectionState)
    })
    peer.addEventListener('track', ({ track }) => {
      if (peer === this.#peer) this.#options.onTrack(track)
    })
    this.#addOwn(peer)
    this.#recovery.begin()
  }

  /**
   * The offering side opens both lines. The answering side only adds the tracks that it has: the lines are
   * the offer's, and what was added before takes its place in them.
   *
   * @param {RTCPeerConnection} peer
   */
  #addOwn(peer) {
    const { role, tracks } = this.#options
    const stream = new MediaStream()
    for (const kind of KINDS) {
      const track = tracks[kind]
      if (role === 'clinician') {
        const transceiver = peer.addTransceiver(track ?? kind, { direction: 'sendrecv', streams: [stream] })
        this.#senders[kind] = transceiver.sender
      } else if (track) {
        this.#senders[kind] = peer.addTrack(track, stream)
      }
    }
  }

  /** @param {RTCPeerConnection} peer whose remote description is an offer */
  async #openLines(peer) {
    for (const transceiver of peer.getTransceivers()) {
      if (transceiver.direction === 'stopped') continue
      transceiver.direction = 'sendrecv'
      const kind = transceiver.receiver.track.kind === 'audio' ? 'audio' : 'video'
      this.#senders[kind] = transceiver.sender
      const track = this.#options.tracks[kind]
      if (transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track)
    }
  }

  #discard() {
    this.#batch?.close()
    this.#negotiation?.close()
    this.#peer?.close()
    this.#peer = null
    this.#senders = {}
  }
}
