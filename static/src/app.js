/**
 * Every page: the design system's components, and the module that the page names in data-module.
 * Live pages, the room and the note are loaded only where they are used.
 */
import { createAll, Button, ErrorSummary, NotificationBanner, PasswordInput, Radios, Checkboxes, SkipLink } from 'nhsuk-frontend'

/** @type {Record<string, () => Promise<{init: (root: HTMLElement) => void}>>} */
const MODULES = {
  day: () => import('./day/day.js'),
  form: () => import('./form/form.js'),
  hold: () => import('./hold/hold.js'),
  live: () => import('./live/live.js'),
  note: () => import('./note/note.js'),
  passkey: () => import('./passkey/passkey.js'),
  room: () => import('./room/room.js'),
  search: () => import('./search/search.js'),
  session: () => import('./session/session.js')
}

const COMPONENTS = [Button, Checkboxes, ErrorSummary, NotificationBanner, PasswordInput, Radios, SkipLink]

/** @param {Document | Element} scope what has just come into the page */
function start(scope) {
  for (const [name, load] of Object.entries(MODULES)) {
    const roots = scope.querySelectorAll(`[data-module="${name}"]`)
    if (roots.length === 0) continue
    load().then(
      ({ init }) => {
        for (const root of roots) if (root instanceof HTMLElement) init(root)
      },
      (error) => console.error(`The module "${name}" did not load.`, error)
    )
  }
  for (const component of COMPONENTS) createAll(/** @type {any} */ (component), undefined, { scope })
}

start(document)
// A module that puts a fresh part into the page says so on that part.
document.addEventListener('app:fresh', (event) => {
  if (event.target instanceof Element) start(event.target)
})
