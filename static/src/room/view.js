/**
 * The room's part of the page: shows a state, and tells what was pressed. Decides nothing.
 */
import { fillText } from '../words.js'
import { ownMedia, remoteWords, statusWords, viewOf, waitingWords } from './snapshot.js'

/** @typedef {import('./snapshot.js').State} State */
/** @typedef {import('./snapshot.js').Words} Words */
/** @typedef {import('./snapshot.js').View} View */

/**
 * @typedef {object} RoomView
 * @property {HTMLVideoElement} remoteVideo
 * @property {HTMLAudioElement} remoteAudio
 * @property {HTMLVideoElement} selfVideo
 * @property {HTMLElement} levelBar
 * @property {(state: State) => void} show
 * @property {(isBlocked: boolean) => void} showSoundBlocked
 */

/** Views in which nothing is to be seen or pressed any more. */
const QUIET = ['finished', 'cancelled', 'replaced', 'signed-out', 'left', 'refused']

/**
 * @param {HTMLElement} root
 * @param {Record<string, string>} texts
 * @param {Record<string, () => void>} actions by the name in data-action
 * @returns {RoomView}
 */
export function createView(root, texts, actions) {
  /** @param {string} selector */
  const find = (selector) => {
    const element = root.querySelector(selector)
    if (!(element instanceof HTMLElement)) throw new Error(`The room page has no ${selector}.`)
    return element
  }
  const heading = find('[data-room-heading]')
  const status = find('[data-room-status]')
  const stage = find('[data-room-stage]')
  const controls = find('[data-room-controls]')
  const remoteText = find('[data-remote-words]')
  const remoteVideo = /** @type {HTMLVideoElement} */ (find('video[data-remote-video]'))
  const selfVideo = /** @type {HTMLVideoElement} */ (find('video[data-self-video]'))
  const selfText = find('[data-self-words]')
  const play = find('[data-action="play"]')
  const microphone = find('[data-action="toggle-microphone"]')
  const camera = find('[data-action="toggle-camera"]')
  const help = find('[data-media-help]')
  /** @type {View | null} */
  let shownView = null

  root.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest('[data-action]')
    if (button instanceof HTMLElement) actions[button.dataset.action ?? '']?.()
  })

  /**
   * @param {Element | null} element
   * @param {string} text
   */
  function setText(element, text) {
    if (element && element.textContent !== text) element.textContent = text
  }

  /** @param {Words} words */
  const say = ({ key, values }) => fillText(texts[key], values)

  /**
   * @param {View} view
   * @param {string} name of the other person
   */
  function switchTo(view, name) {
    if (view === shownView) return
    const title = texts[`heading_${view}_${root.dataset.role}`] ?? texts[`heading_${view}`]
    if (title) setText(heading, fillText(title, { name }))
    const isFirst = shownView === null
    shownView = view
    root.dataset.view = view
    const section = view === 'starting' ? 'waiting' : view
    for (const element of root.querySelectorAll('[data-room-view]')) {
      if (element instanceof HTMLElement) element.hidden = element.dataset.roomView !== section
    }
    stage.hidden = QUIET.includes(view)
    controls.hidden = QUIET.includes(view)
    status.hidden = QUIET.includes(view)
    const isCovering = view === 'call' && root.dataset.role === 'patient'
    document.body.classList.toggle('app-in-call', isCovering)
    for (const element of document.querySelectorAll('[data-page-frame], .nhsuk-skip-link')) {
      if (element instanceof HTMLElement) element.inert = isCovering
    }
    // A patient's page changes as a whole: the new heading tells so. Staff may be typing elsewhere.
    if (!isFirst && view !== 'waiting' && root.dataset.role === 'patient') {
      heading.focus({ preventScroll: true })
    }
  }

  /** @param {State} state */
  function showOwnMedia({ devices }) {
    const own = ownMedia(devices)
    selfText.hidden = own.words === null
    setText(selfText, own.words ? (texts[own.words] ?? '') : '')
    microphone.setAttribute('aria-pressed', String(devices.audio === 'on'))
    camera.setAttribute('aria-pressed', String(devices.video === 'on'))
    help.hidden = own.help === null
    if (!own.help) return
    setText(help.querySelector('[data-media-help-title]'), texts[`help_${own.help}_${own.reason}`] ?? '')
    setText(help.querySelector('[data-media-help-text]'), texts[`help_text_${own.reason}`] ?? '')
    const steps = help.querySelector('[data-media-help-steps]')
    if (steps instanceof HTMLElement) steps.hidden = own.reason !== 'refused'
  }

  return {
    remoteVideo,
    remoteAudio: /** @type {HTMLAudioElement} */ (find('audio[data-remote-audio]')),
    selfVideo,
    levelBar: find('[data-level-bar]'),

    show(state) {
      const view = viewOf(state)
      switchTo(view, state.snapshot?.peer.name ?? '')
      setText(status, say(statusWords(state)))
      setText(root.querySelector('[data-waiting-words]'), say(waitingWords(state)))
      const remote = remoteWords(state)
      remoteText.hidden = remote === null
      setText(remoteText, remote ? say(remote) : '')
      setText(root.querySelector('[data-refusal]'), state.refusal)
      showOwnMedia(state)
    },

    showSoundBlocked(isBlocked) {
      play.hidden = !isBlocked
    }
  }
}
