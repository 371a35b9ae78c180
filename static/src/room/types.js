/**
 * What travels between page and server (see docs/signalling.md), and what the room's modules share.
 *
 * @typedef {'asking' | 'on' | 'off' | 'refused' | 'missing' | 'busy'} Device
 *   what is known of a camera or a microphone
 *
 * @typedef {{audio: Device, video: Device}} MediaState
 *
 * @typedef {'expected' | 'checking' | 'waiting' | 'admitted' | 'connected' | 'away' | 'lost' | 'left'} Presence
 *
 * @typedef {'patient' | 'clinician'} Role
 *
 * @typedef {object} Peer
 * @property {Role} role
 * @property {string} name
 * @property {Presence} presence
 * @property {string | null} page null while the other person has no open socket
 * @property {MediaState} media
 *
 * @typedef {object} Snapshot the whole of what a page shows
 * @property {number} version
 * @property {'planned' | 'arrived' | 'in-progress' | 'finished' | 'cancelled'} status
 * @property {{role: Role, presence: Presence}} you
 * @property {Peer} peer
 * @property {number | null} [ahead] how many people wait before this patient
 * @property {string | null} [after_url] where a patient goes when it is finished
 *
 * @typedef {RTCIceCandidateInit | null} Candidate null: there are no more
 *
 * @typedef {object} SignalContent exactly one of
 * @property {RTCSessionDescriptionInit} [description]
 * @property {Candidate[]} [candidates]
 * @property {true} [restart]
 *
 * @typedef {SignalContent & {to: string, from: string}} Signal
 *
 * @typedef {object} JoinAck
 * @property {boolean} ok
 * @property {Snapshot} [snapshot]
 * @property {RTCIceServer[]} [ice_servers]
 * @property {RTCIceTransportPolicy} [ice_transport_policy]
 * @property {{code: string, message: string}} [error]
 *
 * @typedef {object} IceAck
 * @property {boolean} ok
 * @property {RTCIceServer[]} [ice_servers]
 * @property {RTCIceTransportPolicy} [ice_transport_policy]
 *
 * @typedef {object} Timers
 * @property {(run: () => void, ms: number) => any} set
 * @property {(timer: any) => void} clear
 *
 * @typedef {{audio: MediaStreamTrack | null, video: MediaStreamTrack | null}} Tracks
 */

/** @type {Timers} */
export const browserTimers = {
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer)
}
