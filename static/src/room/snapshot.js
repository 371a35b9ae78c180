/**
 * What the room shows, from the server's snapshot and what this page knows itself. Pure: the same state
 * always gives the same page, so there is nothing to get out of step.
 */

/** @typedef {import('./types.js').Snapshot} Snapshot */
/** @typedef {import('./types.js').MediaState} MediaState */
/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./recovery.js').Phase} Phase */

/**
 * Why this page is at its end; nothing leads out of it but loading a page.
 *
 * @typedef {'replaced' | 'signed-out' | 'left' | 'refused'} Ending
 *
 * @typedef {'starting' | 'waiting' | 'call' | 'finished' | 'cancelled' | Ending} View
 *
 * @typedef {object} State
 * @property {Snapshot | null} snapshot
 * @property {'connecting' | 'open' | 'lost'} socket
 * @property {Ending | null} ending
 * @property {string} refusal why the server did not let this page in, in words
 * @property {Phase | 'none'} media the media connection
 * @property {number} attempt how many times it has been tried to bring the media back
 * @property {MediaState} devices
 * @property {boolean} isPicturePlaying
 *
 * @typedef {{type: 'snapshot', snapshot: Snapshot}
 *   | {type: 'socket', socket: 'open' | 'lost'}
 *   | {type: 'end', ending: Ending, refusal?: string}
 *   | {type: 'media', media: Phase | 'none', attempt: number}
 *   | {type: 'picture', isPlaying: boolean}
 *   | {type: 'devices', devices: MediaState}} Event
 *
 * @typedef {{key: string, values: Record<string, string | number>}} Words a text's key and what to fill in
 */

/** @type {State} */
export const START = {
  snapshot: null,
  socket: 'connecting',
  ending: null,
  refusal: '',
  media: 'none',
  attempt: 0,
  devices: { audio: 'asking', video: 'asking' },
  isPicturePlaying: false
}

/**
 * @param {State} state
 * @param {Event} event
 * @returns {State} the same object when nothing changed
 */
export function reduce(state, event) {
  if (state.ending) return state
  switch (event.type) {
    case 'snapshot':
      if (state.snapshot && event.snapshot.version < state.snapshot.version) return state
      return { ...state, snapshot: event.snapshot }
    case 'socket':
      return { ...state, socket: event.socket }
    case 'end':
      return { ...state, ending: event.ending, refusal: event.refusal ?? '' }
    case 'media':
      return { ...state, media: event.media, attempt: event.attempt }
    case 'picture':
      if (state.isPicturePlaying === event.isPlaying) return state
      return { ...state, isPicturePlaying: event.isPlaying }
    case 'devices':
      return { ...state, devices: event.devices }
  }
}

/**
 * @param {State} state
 * @returns {View}
 */
export function viewOf(state) {
  if (state.ending) return state.ending
  switch (state.snapshot?.status) {
    case undefined:
      return 'starting'
    case 'planned':
    case 'arrived':
      return 'waiting'
    case 'in-progress':
      return 'call'
    case 'finished':
      return 'finished'
    case 'cancelled':
      return 'cancelled'
  }
}

/**
 * What should be true of the media connection. A peer without an open socket changes nothing: running
 * media outlives signalling.
 *
 * @param {State} state
 * @returns {{do: 'open', page: string} | {do: 'keep'} | {do: 'close'}}
 */
export function mediaTarget(state) {
  if (state.ending) return { do: 'close' }
  if (!state.snapshot) return { do: 'keep' }
  if (state.snapshot.status !== 'in-progress') return { do: 'close' }
  const { page, presence } = state.snapshot.peer
  if (presence === 'left') return { do: 'close' }
  return page ? { do: 'open', page } : { do: 'keep' }
}

/**
 * The line that says how the connection is.
 *
 * @param {State} state
 * @returns {Words}
 */
export function statusWords(state) {
  const view = viewOf(state)
  const name = state.snapshot?.peer.name ?? ''
  const words = (/** @type {string} */ key, values = {}) => ({ key, values: { name, ...values } })
  if (state.ending || view === 'finished' || view === 'cancelled') return words('status_ended')
  if (view === 'call') {
    if (state.media === 'recovering') {
      return words(state.attempt > 2 ? 'status_recovering_call' : 'status_recovering', {
        attempt: state.attempt
      })
    }
    if (state.media === 'unsteady') return words('status_unsteady')
    if (state.media === 'connected') {
      return words(state.socket === 'lost' ? 'status_connected_no_socket' : 'status_connected')
    }
    if (state.socket === 'lost') return words('status_socket_lost')
    return words(isPeerHere(state.snapshot) ? 'status_call_connecting' : 'status_peer_away')
  }
  if (state.socket === 'lost') return words('status_socket_lost')
  if (state.socket === 'connecting' || view === 'starting') return words('status_connecting')
  return words('status_waiting')
}

/** @param {Snapshot | null} snapshot */
function isPeerHere(snapshot) {
  return snapshot !== null && snapshot.peer.page !== null && snapshot.peer.presence !== 'left'
}

/**
 * What the waiting room says about whose turn it is, or to the clinician about the patient.
 *
 * @param {State} state
 * @returns {Words}
 */
export function waitingWords(state) {
  const snapshot = state.snapshot
  if (!snapshot) return { key: 'waiting_starting', values: {} }
  const name = snapshot.peer.name
  if (snapshot.you.role === 'patient') {
    const ahead = snapshot.ahead ?? 0
    if (ahead === 0) return { key: 'ahead_none', values: { name } }
    return { key: ahead === 1 ? 'ahead_one' : 'ahead_many', values: { name, count: ahead } }
  }
  switch (snapshot.peer.presence) {
    case 'waiting':
    case 'admitted':
    case 'connected':
      return { key: 'patient_waiting', values: { name } }
    case 'checking':
      return { key: 'patient_checking', values: { name } }
    case 'away':
    case 'lost':
      return { key: 'patient_away', values: { name } }
    case 'left':
      return { key: 'patient_left', values: { name } }
    case 'expected':
      return { key: 'patient_expected', values: { name } }
  }
}

/**
 * What stands in the place of the other person's picture while there is none; null: the picture is there.
 *
 * @param {State} state
 * @returns {Words | null}
 */
export function remoteWords(state) {
  const snapshot = state.snapshot
  if (!snapshot) return { key: 'remote_connecting', values: { name: '' } }
  const { name, presence, media } = snapshot.peer
  if (presence === 'left') return { key: 'remote_left', values: { name } }
  const isConnected = state.media === 'connected' || state.media === 'unsteady'
  if (!isConnected && state.media !== 'recovering') {
    return { key: isPeerHere(snapshot) ? 'remote_connecting' : 'remote_away', values: { name } }
  }
  if (media.video === 'on' || media.video === 'asking') {
    if (state.isPicturePlaying) return null
    return { key: 'remote_connecting', values: { name } }
  }
  return { key: `remote_${media.video}`, values: { name } }
}

/**
 * What stands in the place of the own picture, and whether help to allow the devices is needed.
 *
 * @param {MediaState} devices
 * @returns {{words: string | null, help: 'camera' | 'microphone' | 'both' | null, reason: Device | null}}
 */
export function ownMedia(devices) {
  const isFailed = (/** @type {Device} */ device) => ['refused', 'missing', 'busy'].includes(device)
  const camera = isFailed(devices.video)
  const microphone = isFailed(devices.audio)
  const help = camera && microphone ? 'both' : camera ? 'camera' : microphone ? 'microphone' : null
  return {
    words: devices.video === 'on' ? null : `self_${devices.video}`,
    help,
    reason: camera ? devices.video : microphone ? devices.audio : null
  }
}
