/**
 * The desk's search: results appear while somebody types, arrow keys lead to them, and Back brings them again.
 * What is searched for never stands in the address: it is posted, and kept with the page's entry in the history.
 * Without this script the form does the same with a page of its own.
 */
import { Search, findNext, isPlain } from './state.js'

const DEBOUNCE_MS = 150

/** @param {HTMLElement} root holds the form, [data-search-results] and [data-search-said] */
export function init(root) {
  const form = root.querySelector('form')
  const box = root.querySelector('input[name="q"]')
  const results = root.querySelector('[data-search-results]')
  const said = root.querySelector('[data-search-said]')
  if (!(form instanceof HTMLFormElement) || !(box instanceof HTMLInputElement)) return
  if (!(results instanceof HTMLElement) || !(said instanceof HTMLElement)) return

  const search = new Search(shownIn(results))
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer

  /**
   * Ask, and put the answer into the page. While typing a failed question is left to the next letter.
   *
   * @param {boolean} isTyping
   */
  const show = async (isTyping) => {
    const query = box.value
    const number = search.ask()
    let answer
    try {
      answer = await fetchResults(form, query, isTyping)
    } catch (error) {
      if (isTyping) return
      throw error
    }
    if (!search.take(number, query)) return
    results.innerHTML = answer
    results.dispatchEvent(new CustomEvent('app:fresh', { bubbles: true }))
    said.textContent = results.querySelector('[data-said]')?.textContent ?? ''
    keepQuery(query)
  }

  box.addEventListener('input', (event) => {
    clearTimeout(timer)
    if (event instanceof InputEvent && event.isComposing) return
    const plan = search.plan(box.value)
    if (plan === 'clear') void show(true)
    if (plan === 'ask') timer = setTimeout(() => void show(true), DEBOUNCE_MS)
  })

  form.addEventListener('submit', (event) => {
    if (event.submitter instanceof HTMLButtonElement && event.submitter.name) return
    event.preventDefault()
    clearTimeout(timer)
    if (box.value.trim() === '') return
    show(false).catch(() => form.submit())
  })

  root.addEventListener('keydown', (event) => {
    if (!(event.target instanceof HTMLElement) || !isPlain(event)) return
    const links = linksIn(results)
    const index = event.target === box ? -1 : links.findIndex((link) => link === event.target)
    if (index < 0 && event.target !== box) return
    const next = findNext(index, links.length, event.key)
    if (next === null) return
    event.preventDefault()
    if (next < 0) box.focus()
    else links[next]?.focus()
  })

  const kept = readQuery()
  if (kept && search.isNew(kept) && box.value === '') {
    box.value = kept
    void show(true)
  }
}

/**
 * The part of the page with the results.
 *
 * @param {HTMLFormElement} form
 * @param {string} query
 * @param {boolean} isTyping
 */
async function fetchResults(form, query, isTyping) {
  const body = new FormData(form)
  body.set('q', query)
  body.set('part', 'results')
  const response = await fetch(form.action, {
    method: 'POST',
    body,
    cache: 'no-store',
    redirect: 'error',
    headers: isTyping ? { 'X-Background': '1' } : {}
  })
  if (!response.ok) throw new Error(`The search answered ${response.status}.`)
  return response.text()
}

/** @param {HTMLElement} results */
function shownIn(results) {
  const shown = results.querySelector('[data-query]')
  return shown instanceof HTMLElement ? (shown.dataset.query ?? '') : ''
}

/**
 * @param {HTMLElement} results
 * @returns {HTMLElement[]}
 */
function linksIn(results) {
  return [...results.querySelectorAll('[data-result]')].filter((link) => link instanceof HTMLElement)
}

/** @param {string} query */
function keepQuery(query) {
  history.replaceState({ ...history.state, query }, '')
}

/** @returns {string} what was searched for when this entry of the history was left */
function readQuery() {
  const kept = history.state?.query
  return typeof kept === 'string' ? kept : ''
}
