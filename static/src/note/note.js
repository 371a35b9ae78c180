/**
 * The note's form: saves by itself while somebody writes, says so in words, warns before unsaved text is lost, and
 * is signed in place.
 */
import { browserTimers } from '../room/types.js'
import { askForSignIn } from '../session/session.js'
import { fillText, formatTime, readTexts } from '../words.js'
import { showConflict } from './conflict.js'
import { Saver } from './saver.js'
import { renewSession, requestPage, showAnswer, sign, takeTokens } from './sign.js'

/** @typedef {import('./saver.js').Answer} Answer */
/** @typedef {import('./saver.js').Sections} Sections */

const SECTION = 'textarea[name^="section-"]'
/** How long signing, or a form that leads away, waits for the last save. */
const FLUSH_MS = 3000

/** @param {HTMLElement} root the form, with data-autosave-url, data-page-url and data-version */
export function init(root) {
  if (!(root instanceof HTMLFormElement)) throw new Error('The note is not a form.')
  const form = root
  const texts = readTexts('note-texts')
  const words = document.querySelector('[data-save-state]')
  const signWords = form.querySelector('[data-sign-state]')
  const versionField = form.querySelector('input[name="version"]')
  const pageUrl = form.dataset.pageUrl ?? location.href
  // The form is replaced when it was signed; what listens for it goes with it.
  const life = new AbortController()
  const { signal } = life
  let isLeavingOnPurpose = false
  let isSigning = false

  const saver = new Saver({
    version: Number(form.dataset.version ?? 0),
    read: readSections,
    put,
    timers: browserTimers,
    versionChanged(version) {
      if (versionField instanceof HTMLInputElement) versionField.value = String(version)
    },
    tell(state, { savedAt, sections, message }) {
      if (state === 'waiting') return
      const time = savedAt ? formatTime(savedAt) : ''
      if (words instanceof HTMLElement) {
        words.dataset.saveState = state
        const said = message || fillText(texts[state], { time })
        if (words.textContent !== said) words.textContent = said
      }
      if (state === 'conflict' && sections) {
        showConflict(form, sections, texts, () => saver.resolve(saver.version))
      } else if (state === 'saved' && !isSigning) {
        tellSigning('')
      }
    }
  })

  // A form that was refused comes back with what was typed, which may be in this page alone.
  if (form.dataset.isUnsaved === 'true') saver.changed()
  form.addEventListener('input', (event) => {
    if (event.target instanceof Element && event.target.matches(SECTION)) saver.changed()
  })
  addEventListener('online', () => saver.hurry(), { signal })
  // Signed in again over the page: what could not be saved meanwhile is saved now.
  document.addEventListener(
    'app:session',
    (event) => {
      if (event instanceof CustomEvent && event.detail.isSignedIn && saver.isUnsaved) saver.changed()
    },
    { signal }
  )
  addEventListener(
    'beforeunload',
    (event) => {
      if (!saver.isUnsaved || isLeavingOnPurpose) return
      event.preventDefault()
    },
    { signal }
  )
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.hidden && !isSigning) void saver.flush()
    },
    { signal }
  )

  document.addEventListener(
    'submit',
    (event) => {
      const sent = event.target
      if (!(sent instanceof HTMLFormElement) || event.defaultPrevented || isLeavingOnPurpose) return
      if (sent === form) {
        event.preventDefault()
        void signHere()
        return
      }
      // The other forms (admit, end, sign out) lead away from this page: the last words are saved first.
      if (!saver.isUnsaved) return
      event.preventDefault()
      const button = event instanceof SubmitEvent ? event.submitter : null
      void flushInTime().then((isSaved) => {
        // Where they could not be saved the browser asks before they are lost.
        isLeavingOnPurpose = isSaved
        sent.requestSubmit(button)
        isLeavingOnPurpose = false
      })
    },
    { signal }
  )

  /** @returns {Promise<boolean>} */
  function flushInTime() {
    return Promise.race([
      saver.flush(),
      new Promise((resolve) => setTimeout(resolve, FLUSH_MS, false))
    ])
  }

  async function signHere() {
    if (isSigning) return
    isSigning = true
    setTyping(false)
    tellSigning(texts.signing ?? '')
    // An autosave that is under way would make the signed version a stale one.
    await flushInTime()
    const outcome = saver.isInConflict
      ? /** @type {const} */ ({ is: 'stale' })
      : await sign({
          post: () => requestPage(form.action, { method: 'POST', body: new FormData(form) }),
          load: () => requestPage(pageUrl),
          renew: takeOver,
          prove: ({ isProof }) => askForSignIn({ isProof, isByPress: true })
        })
    isSigning = false
    setTyping(true)
    if (outcome.is === 'answered') {
      life.abort()
      saver.stop()
      showAnswer(outcome.page)
    } else if (outcome.is === 'stale') {
      tellSigning(texts.conflict ?? '', { isFailed: true })
      // Trying to save brings the other text, and the choice between the two.
      saver.changed()
      await saver.flush()
    } else if (outcome.is === 'signed-out') {
      tellSigning(texts.signed_out ?? '', { isFailed: true, isSignInOffered: true })
    } else if (outcome.is === 'unproved') {
      tellSigning(texts.unproved ?? '', { isFailed: true })
    } else if (outcome.is === 'refused') {
      tellSigning(fillText(texts.sign_refused, { message: outcome.message }), { isFailed: true })
    } else {
      tellSigning(texts.sign_failed ?? '', { isFailed: true })
    }
  }

  /**
   * Token and version from the page as it is now: before it asked for a proof the server kept what was sent.
   *
   * @param {Document} page
   */
  function takeOver(page) {
    takeTokens(page)
    const fresh = page.querySelector('#note-form input[name="version"]')
    if (!(fresh instanceof HTMLInputElement) || !(versionField instanceof HTMLInputElement)) return
    // Any other number: somebody wrote meanwhile, and the server refuses ours.
    if (Number(fresh.value) === Number(versionField.value) + 1) versionField.value = fresh.value
  }

  /** @param {boolean} isAllowed what is typed while the note is on its way would be lost */
  function setTyping(isAllowed) {
    for (const area of form.querySelectorAll('textarea')) area.readOnly = !isAllowed
    form.setAttribute('aria-busy', String(!isAllowed))
  }

  /**
   * @param {string} said
   * @param {{isFailed?: boolean, isSignInOffered?: boolean}} [how]
   */
  function tellSigning(said, { isFailed = false, isSignInOffered = false } = {}) {
    if (!(signWords instanceof HTMLElement)) return
    signWords.dataset.signState = isFailed ? 'failed' : 'busy'
    signWords.textContent = said
    if (!isSignInOffered) return
    const link = document.createElement('a')
    link.href = form.dataset.signInUrl ?? '/sign-in'
    link.target = '_blank'
    link.textContent = texts.sign_in ?? ''
    signWords.append(' ', link)
  }

  /** @returns {Sections} */
  function readSections() {
    /** @type {Sections} */
    const sections = {}
    for (const area of form.querySelectorAll(SECTION)) {
      if (area instanceof HTMLTextAreaElement) sections[area.name.slice('section-'.length)] = area.value
    }
    return sections
  }

  /**
   * @param {Sections} sections
   * @param {number} version
   * @returns {Promise<Answer>}
   */
  async function put(sections, version) {
    let response = await putOnce(sections, version)
    if (response.status === 400 || response.status === 401) {
      // Signed in anew in another window: then a token of the present session is all that is missing.
      const isIn = response.status === 400 && (await renewSession(() => requestPage(pageUrl), takeTokens))
      if (!isIn && !(await askForSignIn())) return { status: 'refused', message: texts.signed_out ?? '' }
      response = await putOnce(sections, version)
    }
    if (response.status >= 500 || response.status === 429) throw new Error(`Saving was answered with ${response.status}.`)
    const body = await response.json().catch(() => ({}))
    if (response.ok) return { status: 'saved', version: body.version, savedAt: new Date(body.saved_at) }
    if (response.status === 409) return { status: 'conflict', version: body.version, sections: body.sections ?? {} }
    return { status: 'refused', message: body.error?.message || texts.refused || '' }
  }

  /**
   * @param {Sections} sections
   * @param {number} version
   */
  function putOnce(sections, version) {
    const token = form.querySelector('input[name="csrf_token"]')
    return fetch(form.dataset.autosaveUrl ?? '', {
      method: 'PUT',
      redirect: 'error',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'If-Match': String(version),
        'X-CSRFToken': token instanceof HTMLInputElement ? token.value : ''
      },
      body: JSON.stringify({ sections })
    })
  }
}
