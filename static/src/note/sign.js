/**
 * Signs without leaving the page, so that a call goes on: the form is sent, and the parts that changed are taken
 * from the page that the server answers with. The rules only; sending and showing are passed in.
 */

import { renewTokens } from '../session/session.js'

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} path where the request ended, after redirects
 * @property {Document} page
 *
 * @typedef {{is: 'answered', page: Document}
 *   | {is: 'signed-out'}
 *   | {is: 'unproved'}
 *   | {is: 'stale'}
 *   | {is: 'refused', message: string}
 *   | {is: 'failed'}} Outcome stale: the note was changed somewhere else
 */

const SIGN_IN = '/sign-in'
/** The server asks for a proof before this; meanwhile it has kept the draft. */
const PROOF = '/sign-in/again'
/** The form was made for another session: one that has ended, or one before a new sign-in. */
const STALE_FORM = 400
const STALE_NOTE = 409

/**
 * @param {object} ways
 * @param {() => Promise<Answer>} ways.post sends the form; rejects when the server cannot be reached
 * @param {() => Promise<Answer>} ways.load gets the page that the form stands on
 * @param {(page: Document) => void} ways.renew takes over what a form needs from a page of the present session
 * @param {(why: {isProof: boolean}) => Promise<boolean>} [ways.prove] asks the person over the page; false: not now
 * @returns {Promise<Outcome>}
 */
export async function sign({ post, load, renew, prove = () => Promise.resolve(false) }) {
  try {
    let answer = await post()
    if (answer.status === STALE_FORM) {
      if (!(await renewSession(load, renew)) && !(await prove({ isProof: false }))) return { is: 'signed-out' }
      answer = await post()
    }
    if (answer.path === SIGN_IN || answer.path === PROOF) {
      const isProof = answer.path === PROOF
      if (!(await prove({ isProof }))) return { is: isProof ? 'unproved' : 'signed-out' }
      if (!(await renewSession(load, renew))) return { is: 'signed-out' }
      answer = await post()
    }
    if (answer.path === SIGN_IN || answer.path === PROOF) return { is: 'signed-out' }
    if (answer.status === STALE_NOTE) return { is: 'stale' }
    if (answer.page.getElementById('note')) return { is: 'answered', page: answer.page }
    return { is: 'refused', message: reasonOf(answer.page) }
  } catch {
    return { is: 'failed' }
  }
}

/**
 * @param {() => Promise<Answer>} load gets a page of the present session
 * @param {(page: Document) => void} renew takes over what a form needs from it
 * @returns {Promise<boolean>} false: nobody is signed in
 */
export async function renewSession(load, renew) {
  const present = await load()
  if (present.path === SIGN_IN) return false
  renew(present.page)
  return true
}

/** @param {Document} page an error page: what happened stands in its heading, what to do below */
function reasonOf(page) {
  const words = [page.querySelector('main h1'), page.querySelector('main h1 + p')]
  return words
    .map((element) => (element?.textContent ?? '').replace(/\s+/g, ' ').trim())
    .filter(Boolean)
    .map((text) => (/[.?!]$/.test(text) ? text : `${text}.`))
    .join(' ')
}

/**
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<Answer>}
 */
export async function requestPage(url, options = {}) {
  const response = await fetch(url, {
    ...options,
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'follow',
    headers: { Accept: 'text/html' }
  })
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  return { status: response.status, path: new URL(response.url).pathname, page }
}

/**
 * Every form of this page gets the token of the present session.
 *
 * @param {Document} page
 */
export function takeTokens(page) {
  const fresh = page.querySelector('input[name="csrf_token"]')
  if (fresh instanceof HTMLInputElement) renewTokens(fresh.value)
}

/**
 * Puts the note, the errors and the messages of an answered page in the place of ours. The components that come
 * with them take the focus (error summary, success banner); where there is neither, the note's heading does.
 *
 * @param {Document} page
 */
export function showAnswer(page) {
  document.title = page.title
  for (const id of ['note', 'problems', 'messages']) {
    const shown = document.getElementById(id)
    const fresh = page.getElementById(id)
    if (!shown || !fresh) continue
    const made = document.importNode(fresh, true)
    shown.replaceWith(made)
    made.dispatchEvent(new CustomEvent('app:fresh', { bubbles: true }))
  }
  if (document.activeElement === document.body) document.getElementById('note-heading')?.focus()
}
