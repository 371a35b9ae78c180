/**
 * Perfect negotiation around one peer connection. In ordinary calls only the clinician's side offers,
 * so two offers never meet; if they do, the patient's side (polite) gives way.
 */

/** @typedef {import('./types.js').Candidate} Candidate */
/** @typedef {import('./types.js').SignalContent} SignalContent */

/**
 * The part of RTCPeerConnection that is used here.
 *
 * @typedef {object} PeerLike
 * @property {RTCSignalingState} signalingState
 * @property {RTCSessionDescription | RTCSessionDescriptionInit | null} localDescription
 * @property {RTCSessionDescription | RTCSessionDescriptionInit | null} remoteDescription
 * @property {(description?: any) => Promise<void>} setLocalDescription
 * @property {(description: any) => Promise<void>} setRemoteDescription
 * @property {(candidate?: any) => Promise<void>} addIceCandidate
 */

export class Negotiation {
  /** @type {PeerLike} */ #peer
  #isPolite
  /** @type {(content: SignalContent) => void} */ #send
  /** @type {() => Promise<void> | void} */ #prepareAnswer
  #isMakingOffer = false
  #isSettingAnswer = false
  #isIgnoringOffer = false
  #isClosed = false
  /** One message after another, in the order in which they came. @type {Promise<void>} */ #queue = Promise.resolve()

  /**
   * @param {object} options
   * @param {PeerLike} options.peer
   * @param {boolean} options.isPolite
   * @param {(content: SignalContent) => void} options.send
   * @param {() => Promise<void> | void} [options.prepareAnswer] runs between the offer and the answer
   */
  constructor({ peer, isPolite, send, prepareAnswer }) {
    this.#peer = peer
    this.#isPolite = isPolite
    this.#send = send
    this.#prepareAnswer = prepareAnswer ?? (() => undefined)
  }

  /** The peer connection says that it needs (re)negotiation. */
  async offer() {
    if (this.#isClosed) return
    try {
      this.#isMakingOffer = true
      await this.#peer.setLocalDescription()
      this.#sendLocalDescription()
    } finally {
      this.#isMakingOffer = false
    }
  }

  /**
   * @param {RTCSessionDescriptionInit} description
   * @returns {Promise<void>}
   */
  receiveDescription(description) {
    return this.#inOrder(() => this.#applyDescription(description))
  }

  /**
   * @param {Candidate[]} candidates
   * @returns {Promise<void>}
   */
  receiveCandidates(candidates) {
    return this.#inOrder(async () => {
      for (const candidate of candidates) {
        if (this.#isClosed) return
        try {
          await this.#peer.addIceCandidate(candidate ?? undefined)
        } catch (error) {
          // One of an offer that was ignored, or of a connection that has been replaced: both are expected.
          if (!this.#isIgnoringOffer) console.debug('A candidate was not used.', error)
        }
      }
    })
  }

  close() {
    this.#isClosed = true
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #applyDescription(description) {
    if (this.#isClosed) return
    const peer = this.#peer
    const isStable = peer.signalingState === 'stable' || this.#isSettingAnswer
    const isCollision = description.type === 'offer' && (this.#isMakingOffer || !isStable)
    this.#isIgnoringOffer = !this.#isPolite && isCollision
    if (this.#isIgnoringOffer) return
    if (description.type === 'answer' && peer.signalingState !== 'have-local-offer') return
    try {
      this.#isSettingAnswer = description.type === 'answer'
      await peer.setRemoteDescription(description)
    } finally {
      this.#isSettingAnswer = false
    }
    if (description.type !== 'offer' || this.#isClosed) return
    await this.#prepareAnswer()
    await peer.setLocalDescription()
    this.#sendLocalDescription()
  }

  #sendLocalDescription() {
    const description = this.#peer.localDescription
    if (this.#isClosed || !description) return
    this.#send({ description: { type: description.type, sdp: description.sdp ?? '' } })
  }

  /** @param {() => Promise<void>} step */
  #inOrder(step) {
    const done = this.#queue.then(step)
    this.#queue = done.catch(() => undefined)
    return done
  }
}

/**
 * Which peer connection made a description: the session identifier of its "o=" line stays the same through
 * ICE restarts and differs in a connection that was built anew.
 *
 * @param {string | undefined} sdp
 * @returns {string | null}
 */
export function sessionOf(sdp) {
  return /^o=\S+ (\S+) /m.exec(sdp ?? '')?.[1] ?? null
}
