/**
 * The note was changed elsewhere: both texts are shown, what was typed here stays, and the writer chooses.
 */

/**
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} otherSections the text that is saved now
 * @param {Record<string, string>} texts
 * @param {() => void} resolved every difference has been decided
 */
export function showConflict(form, otherSections, texts, resolved) {
  for (const old of form.querySelectorAll('.app-note-other')) old.remove()
  let open = 0
  for (const [code, other] of Object.entries(otherSections)) {
    const area = form.elements.namedItem(`section-${code}`)
    if (!(area instanceof HTMLTextAreaElement) || area.value === other) continue
    open += 1
    area.insertAdjacentElement('afterend', createChoice(other, texts, (isOtherTaken) => {
      if (isOtherTaken) area.value = other
      area.focus()
      open -= 1
      if (open === 0) resolved()
    }))
  }
  if (open === 0) resolved()
}

/**
 * @param {string} other
 * @param {Record<string, string>} texts
 * @param {(isOtherTaken: boolean) => void} decided
 */
function createChoice(other, texts, decided) {
  const box = document.createElement('div')
  box.className = 'app-note-other'
  box.setAttribute('role', 'group')
  box.setAttribute('aria-label', texts.other_title ?? '')
  const title = document.createElement('p')
  title.className = 'nhsuk-u-font-weight-bold'
  title.textContent = texts.other_title ?? ''
  const text = document.createElement('p')
  text.className = 'app-note-other__text'
  text.textContent = other || (texts.other_empty ?? '')
  box.append(title, text)
  for (const [label, isOtherTaken] of /** @type {const} */ ([[texts.keep_mine, false], [texts.take_other, true]])) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'nhsuk-button nhsuk-button--secondary nhsuk-button--small'
    button.textContent = label ?? ''
    button.addEventListener('click', () => {
      box.remove()
      decided(isOtherTaken)
    })
    box.append(button, ' ')
  }
  return box
}
