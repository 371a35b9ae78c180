/**
 * A form in which a passkey is made or used: a press on the button asks the browser, its answer goes into the
 * hidden field, and the form is sent like any other.
 */
import { answerOf, creationOptions, requestOptions } from './credential.js'

/** @param {HTMLElement} root the form, with data-passkey "get" or "create", data-options-url, and the words */
export function init(root) {
  if (!(root instanceof HTMLFormElement)) throw new Error('The passkey part is not a form.')
  const form = root
  const button = form.querySelector('[data-passkey-button]')
  const part = form.querySelector('[data-passkey-part]')
  const state = form.querySelector('[data-passkey-state]')
  if (!(button instanceof HTMLButtonElement) || !(part instanceof HTMLElement)) return
  if (!('PublicKeyCredential' in window)) return
  part.hidden = false
  form.querySelector('[data-passkey-missing]')?.remove()
  if (form.dataset.passkey === 'create') {
    // Enter in the name field: the form alone would say nothing new.
    form.addEventListener('submit', (event) => {
      if (answerField()?.value) return
      event.preventDefault()
      void ask()
    })
  }
  button.addEventListener('click', () => void ask())

  async function ask() {
    if (!(button instanceof HTMLButtonElement) || button.disabled) return
    button.disabled = true
    say(form.dataset.waitingText)
    try {
      const options = await fetchOptions()
      const credential = await askBrowser(options)
      const field = answerField()
      if (!credential || !field) throw new Error('The browser gave no passkey.')
      field.value = answerOf(credential)
      say('')
      form.requestSubmit()
    } catch (error) {
      say(wordsFor(error))
    } finally {
      button.disabled = false
    }
  }

  function answerField() {
    const field = form.querySelector('[data-passkey-answer]')
    return field instanceof HTMLInputElement ? field : null
  }

  /** @returns {Promise<any>} */
  async function fetchOptions() {
    const token = form.querySelector('input[name="csrf_token"]')
    const response = await fetch(form.dataset.optionsUrl ?? '', {
      method: 'POST',
      redirect: 'error',
      headers: { Accept: 'application/json', 'X-CSRFToken': token instanceof HTMLInputElement ? token.value : '' }
    })
    const body = await response.json()
    if (!response.ok) throw new Refused(body.error?.message ?? '')
    return body
  }

  /** @param {any} options */
  function askBrowser(options) {
    if (form.dataset.passkey === 'create') return navigator.credentials.create({ publicKey: creationOptions(options) })
    return navigator.credentials.get({ publicKey: requestOptions(options) })
  }

  /** @param {unknown} error */
  function wordsFor(error) {
    if (error instanceof Refused && error.message) return error.message
    if (!(error instanceof DOMException)) return form.dataset.failedText
    if (error.name === 'InvalidStateError') return form.dataset.knownText
    if (error.name === 'SecurityError') return form.dataset.elsewhereText
    return form.dataset.cancelledText
  }

  /** @param {string | undefined} words */
  function say(words) {
    if (state) state.textContent = words ?? ''
  }
}

/** The server's own words. */
class Refused extends Error {}
