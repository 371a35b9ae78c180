/** Every text that the scripts ask for is there: a missing one would show nothing at all. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { fillText } from '../../static/src/words.js'

const ROOT = new URL('../../', import.meta.url)
const DEVICES = ['asking', 'off', 'refused', 'missing', 'busy']
const FAILED = ['refused', 'missing', 'busy']

/** @param {string} path */
const read = (path) => readFile(new URL(path, ROOT), 'utf8')

/** @param {string} python */
const keysOf = (python) => new Set([...python.matchAll(/"([\w-]+)": _\(/g)].map((match) => match[1]))

test('the room has every text that its script asks for', async () => {
  const keys = keysOf(await read('telehealth/video/texts.py'))
  const source = await read('static/src/room/snapshot.js')
  const asked = [...source.matchAll(/'((?:status|waiting|ahead|patient|remote)_\w+)'/g)].map((match) => match[1])
  assert.ok(asked.length > 20)
  const made = [
    ...DEVICES.map((device) => `self_${device}`),
    ...DEVICES.filter((device) => device !== 'asking').map((device) => `remote_${device}`),
    ...FAILED.map((device) => `help_text_${device}`),
    ...['both', 'camera', 'microphone'].flatMap((what) => FAILED.map((device) => `help_${what}_${device}`)),
    ...['call', 'finished', 'cancelled', 'replaced', 'signed-out', 'left', 'refused'].map((view) => `heading_${view}`)
  ]
  for (const key of [...asked, ...made]) assert.ok(keys.has(key), `no text for ${key}`)
})

test('the note has a text for every state of saving', async () => {
  const keys = keysOf(await read('telehealth/notes/texts.py'))
  for (const key of ['saved', 'saving', 'failed', 'refused', 'conflict', 'keep_mine', 'take_other', 'other_title', 'signed_out', 'sign_in', 'signing', 'sign_failed', 'sign_refused']) {
    assert.ok(keys.has(key), `no text for ${key}`)
  }
})

/** Literals of several words that are not for the console and not thrown: nobody translated them. @param {string} code */
function findBareTexts (code) {
  const plain = code
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/(^|\s)\/\/.*$/gm, ' ')
    .replace(/(?:new \w*Error|console\.\w+)\((?:[^()]|\([^()]*\))*\)/g, ' ')
  const literals = [...plain.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)]
  return literals
    .map((match) => match[1] ?? match[2] ?? match[3])
    .filter((text) => /\p{L}{2,}\s+\p{L}{2,}/u.test(text) && !/nhsuk-|app-|\[[\w-]+|^#/.test(text))
}

test('no script has words of its own', async () => {
  const names = await readdir(new URL('static/src/', ROOT), { recursive: true })
  const scripts = names.filter((name) => name.endsWith('.js'))
  assert.ok(scripts.length > 20)
  for (const name of scripts) assert.deepEqual(findBareTexts(await read(`static/src/${name}`)), [], name)
})

test('a word that was forgotten in a script is found', () => {
  assert.deepEqual(findBareTexts("node.textContent = 'Not saved yet'"), ['Not saved yet'])
  assert.deepEqual(findBareTexts("node.setAttribute('aria-label', `Close ${what} now please`)").length, 1)
  assert.deepEqual(findBareTexts("throw new Error('The note is not a form.')\n// a comment 'of words'\nfind('.app-row a')"), [])
})

test('values are put where their names stand', () => {
  assert.equal(fillText('{name} and {count} more', { name: 'Ann', count: 2 }), 'Ann and 2 more')
  assert.equal(fillText('{unknown}'), '{unknown}')
  assert.equal(fillText(undefined), '')
})
