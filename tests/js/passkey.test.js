import assert from 'node:assert/strict'
import { test } from 'node:test'

import { answerOf, bytesOf, creationOptions, requestOptions, textOf } from '../../static/src/passkey/credential.js'

/** @param {...number} values */
const buffer = (...values) => Uint8Array.from(values).buffer

test('every byte survives the way to text and back, without padding', () => {
  const every = Uint8Array.from({ length: 256 }, (_, value) => value)
  for (let length = 0; length < 6; length += 1) {
    const part = every.slice(250 - length, 250)
    const text = textOf(part.buffer) ?? ''
    assert.match(text, /^[\w-]*$/)
    assert.deepEqual(bytesOf(text), part)
  }
  assert.deepEqual(bytesOf(textOf(every.buffer) ?? ''), every)
  assert.equal(textOf(undefined), undefined)
})

test('options of the server become bytes, the rest stays', () => {
  const made = creationOptions({
    rp: { id: 'localhost' },
    challenge: 'AQID',
    user: { id: '_-8', name: 'a' },
    excludeCredentials: [{ type: 'public-key', id: 'BA' }]
  })
  assert.deepEqual(made.challenge, Uint8Array.of(1, 2, 3))
  assert.deepEqual(made.user.id, Uint8Array.of(255, 239))
  assert.deepEqual(made.excludeCredentials, [{ type: 'public-key', id: Uint8Array.of(4) }])
  assert.equal(made.rp.id, 'localhost')
  assert.deepEqual(requestOptions({ challenge: 'AQID' }).allowCredentials, [])
})

test('the answer is what the server reads', () => {
  const answer = JSON.parse(
    answerOf({
      id: 'AQ',
      rawId: buffer(1),
      type: 'public-key',
      authenticatorAttachment: null,
      response: { clientDataJSON: buffer(2), authenticatorData: buffer(3), signature: buffer(4), userHandle: null }
    })
  )
  assert.deepEqual(answer, {
    id: 'AQ',
    rawId: 'AQ',
    type: 'public-key',
    clientExtensionResults: {},
    response: { clientDataJSON: 'Ag', authenticatorData: 'Aw', signature: 'BA' }
  })
})
