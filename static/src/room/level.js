/**
 * The bar that moves with the own voice: people see that they are heard.
 */

/**
 * Loudness of samples between -1 and 1, on a scale on which ordinary speech fills about half of the bar.
 *
 * @param {Float32Array} samples
 * @returns {number} 0 to 1
 */
export function loudness(samples) {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  const rms = Math.sqrt(sum / (samples.length || 1))
  if (rms === 0) return 0
  const decibels = 20 * Math.log10(rms)
  return Math.min(1, Math.max(0, (decibels + 60) / 55))
}

/** @param {HTMLElement} bar gets the custom property --level */
export function createLevelBar(bar) {
  /** @type {AudioContext | null} */
  let context = null
  /** @type {number | null} */
  let frame = null

  return {
    /** @param {MediaStreamTrack | null} track */
    watch(track) {
      this.stop()
      if (!track) return
      context = new AudioContext()
      const analyser = context.createAnalyser()
      analyser.fftSize = 1024
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
      const samples = new Float32Array(analyser.fftSize)
      let shown = -1
      const draw = () => {
        frame = requestAnimationFrame(draw)
        analyser.getFloatTimeDomainData(samples)
        const level = Math.round(loudness(samples) * 50) / 50
        if (level !== shown) bar.style.setProperty('--level', String(level))
        shown = level
      }
      draw()
    },

    stop() {
      if (frame !== null) cancelAnimationFrame(frame)
      frame = null
      void context?.close().catch(() => undefined)
      context = null
      bar.style.setProperty('--level', '0')
    }
  }
}
