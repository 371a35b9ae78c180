/** Every text that the scripts ask for is there: a missing one would show nothing at all. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
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

test('values are put where their names stand', () => {
  assert.equal(fillText('{name} and {count} more', { name: 'Ann', count: 2 }), 'Ann and 2 more')
  assert.equal(fillText('{unknown}'), '{unknown}')
  assert.equal(fillText(undefined), '')
})
