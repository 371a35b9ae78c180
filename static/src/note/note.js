/**
 * The note's form: saves by itself while somebody writes, says so in words, and warns before unsaved text is lost.
 */
import { browserTimers } from '../room/types.js'
import { fillText, formatTime, readTexts } from '../words.js'
import { showConflict } from './conflict.js'
import { Saver } from './saver.js'

/** @typedef {import('./saver.js').Answer} Answer */
/** @typedef {import('./saver.js').Sections} Sections */

const SECTION = 'textarea[name^="section-"]'
/** How long sending a form waits for the last save. */
const FLUSH_MS = 3000

/** @param {HTMLElement} root the form, with data-autosave-url and data-version */
export function init(root) {
  if (!(root instanceof HTMLFormElement)) throw new Error('The note is not a form.')
  const form = root
  const texts = readTexts('note-texts')
  const words = document.querySelector('[data-save-state]')
  const versionField = form.querySelector('input[name="version"]')
  let isLeavingOnPurpose = false

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
      }
    }
  })

  form.addEventListener('input', (event) => {
    if (event.target instanceof Element && event.target.matches(SECTION)) saver.changed()
  })
  addEventListener('online', () => saver.hurry())
  addEventListener('beforeunload', (event) => {
    if (!saver.isUnsaved || isLeavingOnPurpose) return
    event.preventDefault()
  })
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) void saver.flush()
  })

  // Any form of this page leads away from it (sign, admit, end): the last words are saved first.
  document.addEventListener('submit', (event) => {
    const sent = event.target
    if (!(sent instanceof HTMLFormElement) || event.defaultPrevented || isLeavingOnPurpose) return
    if (!saver.isUnsaved) return
    event.preventDefault()
    const button = event instanceof SubmitEvent ? event.submitter : null
    void Promise.race([saver.flush(), new Promise((resolve) => setTimeout(resolve, FLUSH_MS, false))]).then(
      (isSaved) => {
        // The note's own form carries the text; any other would lose it, so the browser asks then.
        isLeavingOnPurpose = isSaved === true || sent === form
        sent.requestSubmit(button)
        isLeavingOnPurpose = false
      }
    )
  })

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
    const token = form.querySelector('input[name="csrf_token"]')
    const response = await fetch(form.dataset.autosaveUrl ?? '', {
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
    if (response.status >= 500 || response.status === 429) throw new Error(`Saving was answered with ${response.status}.`)
    const body = await response.json().catch(() => ({}))
    if (response.ok) return { status: 'saved', version: body.version, savedAt: new Date(body.saved_at) }
    if (response.status === 409) return { status: 'conflict', version: body.version, sections: body.sections ?? {} }
    return { status: 'refused', message: body.error?.message || texts.refused || '' }
  }
}
