/**
 * A live page: when the server says that something changed, the same fragment that the first load
 * used is fetched and morphed in. Nothing is kept here, so a missed event costs nothing: on every
 * (re)connect the page asks again.
 */
import { morphElement } from './morph.js'
import { Refresher } from './refresher.js'
import { moveBetweenRows } from './rows.js'
import { Connection, createSocket, fetchToken } from './socket.js'
import { formatTime } from '../words.js'

/** Minutes ("Waiting 6 minutes") go stale without any event. */
const REFRESH_EVERY_MS = 60_000

/** @param {HTMLElement} root has data-live-url, -token, -token-url, -topics and the words of the state */
export function init(root) {
  const { liveUrl = '', liveToken = '', liveTokenUrl = '', liveTopics = '' } = root.dataset
  const topics = new Set(liveTopics.split(' ').filter(Boolean))
  const state = root.querySelector('[data-live-state]')
  const announcer = root.querySelector('[data-live-announcer]')
  const refresher = new Refresher(refresh)
  const socket = createSocket()
  const connection = new Connection({
    socket,
    token: liveToken,
    fetchToken: () => fetchToken(liveTokenUrl),
    onOpen() {
      showState('live', root.dataset.liveText ?? '')
      void refresher.request()
    },
    onLost() {
      showState('lost', (root.dataset.lostText ?? '').replace('{time}', formatTime(new Date())))
    },
    onRefused() {
      showState('lost', root.dataset.signedOutText ?? '')
    }
  })

  socket.on('changed', (/** @type {{topic: string}} */ change) => {
    if (topics.size === 0 || topics.has(change.topic)) void refresher.request()
  })
  addEventListener('online', () => connection.hurry())
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void refresher.request()
  })
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload()
  })
  setInterval(() => {
    if (!document.hidden && socket.connected) void refresher.request()
  }, REFRESH_EVERY_MS)
  moveBetweenRows(root)
  connection.start()

  async function refresh() {
    const response = await fetch(liveUrl, { cache: 'no-store', redirect: 'error', headers: { 'X-Background': '1' } })
    if (!response.ok) throw new Error(`The list was answered with ${response.status}.`)
    const html = await response.text()
    const fragment = root.querySelector('[data-live-fragment]')
    if (!fragment) return
    const before = summaryOf(root)
    morphElement(fragment, html)
    const after = summaryOf(root)
    if (announcer && after !== before) announcer.textContent = after
  }

  /**
   * @param {string} name
   * @param {string} words
   */
  function showState(name, words) {
    if (!(state instanceof HTMLElement)) return
    state.dataset.liveState = name
    if (state.textContent !== words) state.textContent = words
  }
}

/**
 * What is read out when it has changed: one line, not the whole list.
 *
 * @param {Element} root
 */
function summaryOf(root) {
  return (root.querySelector('[data-live-summary]')?.textContent ?? '').replace(/\s+/g, ' ').trim()
}
