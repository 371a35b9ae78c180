/** Signing in place: what becomes of each answer, and that nothing is sent twice without need. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sign } from '../../static/src/note/sign.js'

/**
 * A page of which only ids and a heading are looked at.
 *
 * @param {{ids?: string[], heading?: string, text?: string}} [content]
 * @returns {any}
 */
const page = ({ ids = [], heading, text } = {}) => ({
  getElementById: (/** @type {string} */ id) => (ids.includes(id) ? {} : null),
  querySelector: (/** @type {string} */ selector) => {
    const words = selector.endsWith('p') ? text : heading
    return words ? { textContent: words } : null
  }
})

const NOTE = { status: 200, path: '/clinic/consultations/1', page: page({ ids: ['note'] }) }
const SIGN_IN = { status: 200, path: '/sign-in', page: page() }
const STALE = { status: 400, path: '/notes/1/sign', page: page() }

/**
 * @param {any[]} posts
 * @param {any} [loaded]
 */
function ways(posts, loaded = NOTE) {
  /** @type {string[]} */
  const done = []
  return {
    done,
    post: async () => {
      done.push('post')
      const answer = posts.shift()
      if (answer instanceof Error) throw answer
      return answer
    },
    load: async () => {
      done.push('load')
      if (loaded instanceof Error) throw loaded
      return loaded
    },
    renew: () => void done.push('renew')
  }
}

test('the answered page is shown, signed or with errors', async () => {
  for (const status of [200, 422]) {
    const way = ways([{ ...NOTE, status }])
    assert.deepEqual(await sign(way), { is: 'answered', page: NOTE.page })
    assert.deepEqual(way.done, ['post'])
  }
})

test('a network failure is told as such', async () => {
  assert.deepEqual(await sign(ways([new TypeError('Failed to fetch')])), { is: 'failed' })
  assert.deepEqual(await sign(ways([STALE], new TypeError('Failed to fetch'))), { is: 'failed' })
})

test('signed out: by a redirect, or by a form whose session has ended', async () => {
  assert.deepEqual(await sign(ways([SIGN_IN])), { is: 'signed-out' })
  const way = ways([STALE], SIGN_IN)
  assert.deepEqual(await sign(way), { is: 'signed-out' })
  assert.deepEqual(way.done, ['post', 'load'])
})

const PROOF = { status: 200, path: '/sign-in/again', page: page() }

test('whoever proves over the page that it is them signs without pressing again', async () => {
  for (const refused of [SIGN_IN, PROOF]) {
    const way = ways([refused, NOTE])
    /** @type {boolean[]} */
    const asked = []
    const prove = async (/** @type {{isProof: boolean}} */ { isProof }) => asked.push(isProof) > 0
    assert.deepEqual(await sign({ ...way, prove }), { is: 'answered', page: NOTE.page })
    assert.deepEqual(way.done, ['post', 'load', 'renew', 'post'])
    assert.deepEqual(asked, [refused === PROOF])
  }
})

test('a proof that is put off signs nothing', async () => {
  const way = ways([PROOF])
  assert.deepEqual(await sign({ ...way, prove: async () => false }), { is: 'unproved' })
  assert.deepEqual(way.done, ['post'])
})

test('a proof is asked for once, not for ever', async () => {
  const way = ways([PROOF, PROOF])
  assert.deepEqual(await sign({ ...way, prove: async () => true }), { is: 'signed-out' })
})

test('signed in anew in another window: the form takes over the new session and goes once more', async () => {
  const way = ways([STALE, NOTE])
  assert.deepEqual(await sign(way), { is: 'answered', page: NOTE.page })
  assert.deepEqual(way.done, ['post', 'load', 'renew', 'post'])
})

test('a form that stays stale is not sent for ever', async () => {
  const stale = { ...STALE, page: page({ heading: 'We could not read what was sent' }) }
  const way = ways([stale, stale])
  assert.deepEqual(await sign(way), { is: 'refused', message: 'We could not read what was sent.' })
  assert.equal(way.done.filter((done) => done === 'post').length, 2)
})

test('a note that was changed elsewhere is not replaced by its newer self', async () => {
  assert.deepEqual(await sign(ways([{ ...NOTE, status: 409 }])), { is: 'stale' })
})

test('an error page is told in its own words', async () => {
  const busy = { status: 503, path: '/notes/1/sign', page: page({ heading: 'The service is busy', text: ' Wait a\n moment. ' }) }
  assert.deepEqual(await sign(ways([busy])), { is: 'refused', message: 'The service is busy. Wait a moment.' })
})
