/**
 * The room page: waiting room, call and consultation. Joins the modules to the page; the rules are in them.
 */
import { Refresher } from '../live/refresher.js'
import { Connection, createSocket, fetchToken } from '../live/socket.js'
import { readTexts } from '../words.js'
import { Call } from './call.js'
import { createLevelBar } from './level.js'
import { LocalMedia } from './media.js'
import { FrameWatch, createPlayback } from './playback.js'
import { refreshPage } from './refresh.js'
import { Signalling } from './signalling.js'
import { START, mediaTarget, reduce, viewOf } from './snapshot.js'
import { createView } from './view.js'

/** @typedef {import('./types.js').Signal} Signal */
/** @typedef {import('./types.js').Snapshot} Snapshot */

/** The page joins when the devices are open, but does not wait longer for somebody who is still being asked. */
const LONGEST_WAIT_FOR_DEVICES_MS = 800
const WATCH_EVERY_MS = 1000
/** How long relay credentials count as fresh; they live for an hour. */
const FRESH_MS = 60_000
/** Signals may overtake the snapshot that announces their sender. */
const MOST_EARLY_SIGNALS = 20

/** @param {HTMLElement} root */
export function init(root) {
  const role = root.dataset.role === 'clinician' ? 'clinician' : 'patient'
  const ownPage = crypto.randomUUID()
  const texts = readTexts('room-texts')
  let state = START
  /** @type {Call | null} */
  let call = null
  /** @type {RTCConfiguration} */
  let configuration = {}
  let configuredAt = -Infinity
  /** @type {Signal[]} */
  let early = []
  let isPlayingTold = false
  let isSoundPlaying = false

  const devices = navigator.mediaDevices
  const media = new LocalMedia(
    devices ? (constraints) => devices.getUserMedia(constraints) : null,
    (tracks, mediaState) => {
      call?.setTracks(tracks)
      showOwn(tracks)
      dispatch({ type: 'devices', devices: mediaState })
      signalling.tellMedia(mediaState)
    }
  )
  const view = createView(root, texts, {
    'toggle-microphone': () => void media.toggleMicrophone(),
    'toggle-camera': () => void media.toggleCamera(),
    'retry-media': () => void media.retry(),
    play: () => playback.playSound(),
    leave: () => void leave()
  })
  const level = createLevelBar(view.levelBar)
  const watch = new FrameWatch()
  const playback = createPlayback({
    video: view.remoteVideo,
    audio: view.remoteAudio,
    soundBlocked: view.showSoundBlocked,
    pictureShown() {
      dispatch({ type: 'picture', isPlaying: true })
      tellPlaying()
    },
    soundPlays() {
      isSoundPlaying = true
      tellPlaying()
    }
  })
  const socket = createSocket()
  const signalling = new Signalling(socket, ownPage, {
    onJoined(ack) {
      const policyBefore = configuration.iceTransportPolicy
      configure(ack)
      // From here on relays alone: a connection that was made without them must not go on.
      if (call && policyBefore !== configuration.iceTransportPolicy) closeCall()
      isPlayingTold = false
      dispatch({ type: 'socket', socket: 'open' })
      if (ack.snapshot) showSnapshot(ack.snapshot)
      followTarget()
      signalling.tellMedia(media.state)
      tellPlaying()
    },
    onSnapshot: showSnapshot,
    onSignal: receiveSignal,
    onReplaced: () => end('replaced'),
    onRefused: (message) => end('refused', message),
    onUnanswered: () => socket.disconnect()
  })
  const connection = new Connection({
    socket,
    token: root.dataset.token ?? '',
    fetchToken: () => fetchToken(root.dataset.tokenUrl ?? ''),
    onOpen: () => void join(),
    onLost() {
      signalling.lost()
      dispatch({ type: 'socket', socket: 'lost' })
    },
    onRefused: () => end('signed-out')
  })

  view.show(state)
  connection.start()
  const areDevicesKnown = Promise.race([
    media.open(root.dataset.cameraWanted !== 'false'),
    new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_FOR_DEVICES_MS))
  ])
  const watching = setInterval(() => void watchPicture(), WATCH_EVERY_MS)
  const pageRefresher = new Refresher(refreshPage)
  addEventListener('online', () => connection.hurry())
  // Admitting leads to a fresh page: this one must not begin a call that ends at once.
  document.addEventListener('submit', (event) => {
    if (event.target instanceof Element && event.target.closest('#encounter')) connection.stop()
  })
  addEventListener('pageshow', (event) => {
    // A page from the browser's memory has a dead socket and dead media.
    if (event.persisted) location.reload()
  })

  async function join() {
    await areDevicesKnown
    if (socket.connected) await signalling.join(media.state)
  }

  /**
   * Takes note of an event and shows it.
   *
   * @param {import('./snapshot.js').Event} event
   * @returns {boolean} whether anything changed
   */
  function note(event) {
    const before = state
    state = reduce(state, event)
    if (state === before) return false
    view.show(state)
    return true
  }

  /**
   * Takes note of an event and does what follows from it.
   *
   * @param {import('./snapshot.js').Event} event
   */
  function dispatch(event) {
    const before = state
    if (!note(event)) return
    followTarget()
    if (before.ending !== state.ending || isOver(before) !== isOver(state)) stopAll()
  }

  /** @param {Snapshot} snapshot */
  function showSnapshot(snapshot) {
    const before = state.snapshot
    dispatch({ type: 'snapshot', snapshot })
    if (role === 'patient') {
      if (viewOf(state) === 'finished') location.assign(snapshot.after_url ?? root.dataset.afterUrl ?? '/')
    } else if (
      before && (before.status !== snapshot.status || before.peer.presence !== snapshot.peer.presence)
    ) {
      void pageRefresher.request()
    }
  }

  function followTarget() {
    const target = mediaTarget(state)
    if (target.do === 'close') closeCall()
    if (target.do === 'open' && call?.peerPage !== target.page) openCall(target.page)
  }

  /** @param {import('./types.js').IceAck} ack */
  function configure(ack) {
    configuredAt = performance.now()
    configuration = {
      iceServers: ack.ice_servers ?? [],
      iceTransportPolicy: ack.ice_transport_policy ?? 'all'
    }
  }

  /** What the server said a moment ago, or says now; while it cannot be asked, what it said last. */
  async function freshConfiguration() {
    if (performance.now() - configuredAt > FRESH_MS) {
      const ack = await signalling.askIce()
      if (ack) configure(ack)
    }
    return configuration
  }

  /** @param {string} peerPage */
  function openCall(peerPage) {
    closeCall()
    const opened = new Call({
      role,
      peerPage,
      freshConfiguration,
      tracks: media.tracks,
      send: (content) => signalling.send(peerPage, content),
      onTrack: (track) => playback.add(track),
      onPhase(phase, attempt) {
        if (call !== opened) return
        dispatch({ type: 'media', media: phase, attempt })
        if (phase === 'connected') tellPlaying()
      }
    })
    call = opened
    opened.start()
    const signals = early
    early = []
    for (const signal of signals) receiveSignal(signal)
  }

  function closeCall() {
    if (!call) return
    call.close()
    call = null
    playback.clear()
    watch.reset()
    isPlayingTold = false
    isSoundPlaying = false
    // Only noted: whoever closes a connection decides what comes next, and it must not be opened from here.
    note({ type: 'picture', isPlaying: false })
    note({ type: 'media', media: 'none', attempt: 0 })
  }

  /** @param {Signal} signal */
  function receiveSignal(signal) {
    if (call?.peerPage === signal.from) {
      call.receive(signal).catch((error) => console.warn('A signal was not used.', error))
    } else if (early.length < MOST_EARLY_SIGNALS) {
      early.push(signal)
    }
  }

  /** Once per connection, and again after the server forgot: the other person is really seen or heard. */
  function tellPlaying() {
    const peerMedia = state.snapshot?.peer.media
    if (isPlayingTold || !call || !peerMedia || state.media !== 'connected') return
    const isPlaying =
      peerMedia.video === 'on' ? state.isPicturePlaying : peerMedia.audio !== 'on' || isSoundPlaying
    if (!isPlaying) return
    isPlayingTold = true
    signalling.tellConnected(call.peerPage)
  }

  async function watchPicture() {
    if (!call) return
    const watched = call
    const decoded = await watched.countDecoded()
    if (watched !== call) return
    const isVideoOn = state.snapshot?.peer.media.video === 'on'
    const verdict = watch.judge({
      at: performance.now(),
      displayed: playback.displayed,
      decoded,
      isExpected: isVideoOn && !document.hidden && state.media === 'connected'
    })
    if (verdict === 'frozen') watched.reportFrozen()
    if (verdict !== 'fine' || !isVideoOn) dispatch({ type: 'picture', isPlaying: false })
  }

  /** @param {import('./types.js').Tracks} tracks */
  function showOwn(tracks) {
    const shown = view.selfVideo.srcObject instanceof MediaStream ? view.selfVideo.srcObject.getTracks()[0] : null
    if (tracks.video !== (shown ?? null)) {
      view.selfVideo.srcObject = tracks.video ? new MediaStream([tracks.video]) : null
    }
    level.watch(tracks.audio)
  }

  async function leave() {
    await signalling.leave()
    end('left')
  }

  /**
   * @param {import('./snapshot.js').Ending} ending
   * @param {string} [refusal]
   */
  function end(ending, refusal) {
    dispatch({ type: 'end', ending, refusal })
  }

  function stopAll() {
    closeCall()
    clearInterval(watching)
    connection.stop()
    media.close()
    level.stop()
    view.selfVideo.srcObject = null
  }
}

/** @param {import('./snapshot.js').State} state */
function isOver(state) {
  return state.snapshot?.status === 'finished' || state.snapshot?.status === 'cancelled'
}
