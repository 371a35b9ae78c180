/**
 * The dialogs of a signed-in page: a warning in time, and signing in again over the page. What is beneath (a call, a
 * note, a form that somebody fills in) stays as it is; afterwards its forms carry the token of the present sign-in.
 */
import { browserTimers } from '../room/types.js'
import { fillText, formatTime } from '../words.js'
import { SessionWatch } from './watch.js'

/** @typedef {import('./watch.js').Shown} Shown */
/** @typedef {import('./watch.js').State} State */

/** @type {SessionWatch | null} */
let watch = null
/** Service time minus this computer's, in ms: its clock may be wrong by hours. */
let clockOffset = 0

/** The time of the service, ms since 1970. */
const serviceNow = () => Date.now() + clockOffset

/** @param {string | undefined} now the service's, ISO 8601 */
function takeClock(now) {
  const time = Date.parse(now ?? '')
  if (!Number.isNaN(time)) clockOffset = time - Date.now()
}

/**
 * A script's request was refused: 401 `not-signed-in`, or 403 `proof-needed` (isProof).
 *
 * @param {{isProof?: boolean, isByPress?: boolean}} [why] isByPress: the person asked for it just now
 * @returns {Promise<boolean>} whether it can be tried again; the page's tokens are fresh then
 */
export function askForSignIn(why) {
  return watch ? watch.askForSignIn(why) : Promise.resolve(false)
}

/** @param {string} token every form of this page gets it */
export function renewTokens(token) {
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) {
    if (field instanceof HTMLInputElement) field.value = token
  }
}

/** @param {HTMLElement} root */
export function init(root) {
  const { who = '', expiresAt = '', endsAt = '', stateUrl = '', stayUrl = '', againUrl = '' } = root.dataset
  takeClock(root.dataset.now)
  const warning = dialog('warning')
  const again = dialog('again')
  const place = again.querySelector('[data-session-form]')
  const bar = root.querySelector('[data-session-bar]')
  /** @type {Element | null} */
  let focused = null

  const own = new SessionWatch({
    state: { isSignedIn: true, who, expiresAt: Date.parse(expiresAt), endsAt: Date.parse(endsAt) },
    ask: () => fetchState(stateUrl, { headers: { 'X-Background': '1' } }),
    stay: () => fetchState(stayUrl, { method: 'POST', headers: { 'X-CSRFToken': token() } }),
    show,
    now: serviceNow,
    timers: browserTimers
  })
  watch = own
  own.start()

  root.querySelector('[data-session-stay]')?.addEventListener('click', () => {
    own.stay().catch(() => {
      fail(warning)
      void own.check()
    })
  })
  root.querySelector('[data-session-later]')?.addEventListener('click', () => own.putOff())
  root.querySelector('[data-session-back]')?.addEventListener('click', () => void askForSignIn({ isByPress: true }))
  again.addEventListener('cancel', (event) => {
    event.preventDefault()
    if (!again.dataset.isFirm) own.putOff()
  })
  warning.addEventListener('cancel', (event) => event.preventDefault())
  again.addEventListener('submit', (event) => {
    if (!(event.target instanceof HTMLFormElement)) return
    event.preventDefault()
    void prove(event.target)
  })
  // A form of the page would lead away to a sign-in page, and what was typed would be gone.
  document.addEventListener(
    'submit',
    (event) => {
      const form = event.target
      if (!(form instanceof HTMLFormElement) || form.method !== 'post' || root.contains(form) || !own.isOver) return
      // Who leaves need not sign in for it.
      if (form.getAttribute('action') === root.dataset.signOutUrl) return
      event.preventDefault()
      event.stopImmediatePropagation()
      const button = event instanceof SubmitEvent ? event.submitter : null
      void askForSignIn({ isByPress: true }).then((isIn) => {
        if (isIn) form.requestSubmit(button)
      })
    },
    { capture: true }
  )
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void own.check()
  })

  /**
   * @param {Shown} shown
   * @param {State} state
   */
  function show(shown, state) {
    if (shown !== 'none' && !warning.open && !again.open) focused = document.activeElement
    if (bar instanceof HTMLElement) bar.hidden = !(shown === 'none' && own.isOver)
    if (shown === 'warning') {
      again.close()
      open(warning)
    } else if (shown === 'none') {
      const wasOpen = warning.open || again.open
      warning.close()
      again.close()
      place?.replaceChildren()
      if (wasOpen && focused instanceof HTMLElement) focused.focus()
      document.dispatchEvent(new CustomEvent('app:session', { detail: { isSignedIn: !own.isOver } }))
    } else {
      warning.close()
      openAgain(shown, state)
    }
  }

  /**
   * @param {Exclude<Shown, 'none' | 'warning'>} shown
   * @param {State} state
   */
  function openAgain(shown, state) {
    const isNew = shown === 'gone' || shown === 'other'
    // Left alone for long: what is on the page is nobody's business until the person is back.
    const isIdle = shown === 'ended' && state.endsAt > serviceNow()
    const kind = isIdle ? 'idle' : shown === 'gone' ? 'ended' : shown
    for (const element of again.querySelectorAll('[data-ended-text]')) {
      if (!(element instanceof HTMLElement)) continue
      const time = formatTime(new Date(state.endsAt))
      element.textContent = fillText(element.dataset[`${kind}Text`], { time })
    }
    again.classList.toggle('app-dialog--firm', isIdle)
    if (isIdle) again.dataset.isFirm = 'true'
    else delete again.dataset.isFirm
    hide(again.querySelector('[data-session-later]'), isIdle)
    hide(again.querySelector('[data-session-tab]'), !isNew)
    hide(again.querySelector('[data-session-failed]'), true)
    open(again)
    if (isNew) place?.replaceChildren()
    else void loadForm()
  }

  async function loadForm() {
    try {
      const response = await fetch(againUrl, { cache: 'no-store', headers: { Accept: 'text/html', 'X-Background': '1' } })
      const page = new DOMParser().parseFromString(await response.text(), 'text/html')
      const form = page.getElementById('again')
      if (!response.ok) throw new Error(`Signing in again was answered with ${response.status}.`)
      const link = page.getElementById('again-link')
      hide(again.querySelector('[data-session-tab]'), Boolean(form) && !link)
      if (!form || place?.querySelector('form')) return
      const made = document.importNode(form, true)
      place?.replaceChildren(made)
      place?.dispatchEvent(new CustomEvent('app:fresh', { bubbles: true }))
      const first = made.querySelector('input:not([type="hidden"]):not([hidden])')
      if (first instanceof HTMLElement) first.focus()
    } catch {
      fail(again)
    }
  }

  /** @param {HTMLFormElement} form */
  async function prove(form) {
    const button = form.querySelector('button[type="submit"]')
    if (button instanceof HTMLButtonElement) button.disabled = true
    hide(again.querySelector('[data-session-failed]'), true)
    try {
      const response = await fetch(form.action, {
        method: 'POST',
        redirect: 'error',
        headers: { Accept: 'application/json' },
        body: new FormData(form)
      })
      const body = await response.json()
      if (!response.ok) {
        const field = form.querySelector('[data-passkey-answer]')
        if (field instanceof HTMLInputElement) field.value = ''
        fail(again, body.error?.message)
        const wrong = form.querySelector(body.field === 'code' ? '[name="code"]' : '[name="password"]')
        if (wrong instanceof HTMLInputElement) wrong.select()
        if (response.status === 401) void own.check()
        return
      }
      place?.replaceChildren()
      own.proved(stateOf({ ...body, is_signed_in: true }))
    } catch {
      fail(again)
    } finally {
      if (button instanceof HTMLButtonElement) button.disabled = false
    }
  }

  /**
   * @param {HTMLDialogElement} shown
   * @param {string} [message]
   */
  function fail(shown, message) {
    const words = shown.querySelector('[data-session-failed]')
    if (!(words instanceof HTMLElement)) return
    if (words.dataset.failedText) words.textContent = message || words.dataset.failedText
    words.hidden = false
  }

  /** @param {HTMLDialogElement} shown */
  function open(shown) {
    if (!shown.open) shown.showModal()
    const title = shown.querySelector('h2')
    if (title && !shown.contains(document.activeElement)) title.focus()
  }

  /** @param {string} name */
  function dialog(name) {
    const found = root.querySelector(`[data-session-dialog="${name}"]`)
    if (!(found instanceof HTMLDialogElement)) throw new Error(`The dialog "${name}" is not on the page.`)
    return found
  }
}

/**
 * @param {string} url
 * @param {RequestInit & {headers: Record<string, string>}} options
 * @returns {Promise<State>}
 */
async function fetchState(url, options) {
  const response = await fetch(url, {
    ...options,
    cache: 'no-store',
    redirect: 'error',
    headers: { Accept: 'application/json', ...options.headers }
  })
  if (!response.ok) throw new Error(`The state of the sign-in was answered with ${response.status}.`)
  const body = await response.json()
  return stateOf({ is_signed_in: true, ...body })
}

/** @param {any} body @returns {State} */
function stateOf(body) {
  if (body.csrf_token) renewTokens(body.csrf_token)
  takeClock(body.now)
  return {
    isSignedIn: body.is_signed_in,
    who: body.who,
    expiresAt: Date.parse(body.expires_at),
    endsAt: Date.parse(body.ends_at)
  }
}

function token() {
  const field = document.querySelector('input[name="csrf_token"]')
  return field instanceof HTMLInputElement ? field.value : ''
}

/**
 * @param {Element | null} element
 * @param {boolean} isHidden
 */
function hide(element, isHidden) {
  if (element instanceof HTMLElement) element.hidden = isHidden
}
