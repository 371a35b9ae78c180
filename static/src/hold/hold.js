/**
 * Says how long a chosen time is still kept: once a minute, so that a screen reader is not disturbed. Without a script
 * the time of day that stands there is enough.
 */
import { textOf, waitOf } from './countdown.js'

/** @param {HTMLElement} root has data-left-ms (milliseconds) and the texts; inside it [data-left] takes the words */
export function init(root) {
  // What is left and not the end's time of day: this computer's clock may be wrong by hours.
  const ends = Date.now() + Number(root.dataset.leftMs || Number.NaN)
  const place = root.querySelector('[data-left]')
  if (Number.isNaN(ends) || !place) return
  const { minutesText = '', minuteText = '', overText = '' } = root.dataset
  const texts = { minutes: minutesText, minute: minuteText, over: overText }

  const tell = () => {
    const left = ends - Date.now()
    const text = textOf(left, texts)
    if (place.textContent !== text) place.textContent = text
    if (left > 0) setTimeout(tell, waitOf(left))
  }
  tell()
}
