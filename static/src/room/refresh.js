/**
 * The parts of the clinician's page that follow the consultation (state, admit, end) are made by the server;
 * when the consultation moved they are fetched again, with the page as it is now.
 */

/** Replaces every [data-refresh] part by its present self; a part in which somebody may have typed is left alone. */
export async function refreshPage() {
  const parts = [...document.querySelectorAll('[data-refresh]')].filter((part) => !part.querySelector('textarea'))
  if (parts.length === 0) return
  // The address may be that of a form which was refused; a script cannot get that one.
  const page = document.querySelector('[data-page-url]')
  const url = page instanceof HTMLElement ? (page.dataset.pageUrl ?? location.href) : location.href
  // Says that nobody did anything: it keeps no sign-in alive, and the audit trail counts no opening.
  const headers = { 'X-Background': '1' }
  const response = await fetch(url, { cache: 'no-store', redirect: 'error', headers })
  if (!response.ok) return
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
  const { morphElement } = await import('../live/morph.js')
  for (const part of parts) {
    const now = fresh.getElementById(part.id)
    if (now) morphElement(part, now)
  }
}
