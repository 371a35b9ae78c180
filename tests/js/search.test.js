/** The desk's search, apart from the page. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Search, findNext, isPlain } from '../../static/src/search/state.js'

test('two letters are asked for, one is not, and what is shown already is not asked for again', () => {
  const search = new Search()
  assert.equal(search.plan('m'), 'wait')
  assert.equal(search.plan(' m '), 'wait')
  assert.equal(search.plan('mo'), 'ask')
  assert.ok(search.take(search.ask(), 'mo'))
  assert.equal(search.plan('mo '), 'wait')
  assert.equal(search.plan('mor'), 'ask')
})

test('an emptied box clears the results', () => {
  const search = new Search('morgan')
  assert.equal(search.plan(''), 'clear')
  assert.ok(search.take(search.ask(), ''))
  assert.equal(search.plan('  '), 'wait')
})

test('a late answer to an older question is dropped', () => {
  const search = new Search()
  const first = search.ask()
  const second = search.ask()
  assert.ok(search.take(second, 'morgan'))
  assert.ok(!search.take(first, 'mor'))
  assert.equal(search.plan('morgan'), 'wait')
})

test('an answer that comes after the next question was asked is dropped too', () => {
  const search = new Search()
  const first = search.ask()
  search.ask()
  assert.ok(!search.take(first, 'mor'))
})

test('down goes through the results and stops at the last', () => {
  assert.equal(findNext(-1, 2, 'ArrowDown'), 0)
  assert.equal(findNext(0, 2, 'ArrowDown'), 1)
  assert.equal(findNext(1, 2, 'ArrowDown'), null)
  assert.equal(findNext(-1, 0, 'ArrowDown'), null)
})

test('up from the first result leads back to the box', () => {
  assert.equal(findNext(1, 2, 'ArrowUp'), 0)
  assert.equal(findNext(0, 2, 'ArrowUp'), -1)
  assert.equal(findNext(-1, 2, 'ArrowUp'), null)
})

test('in the box only the arrows are taken: Home, End and Escape are the box’s own', () => {
  for (const key of ['Home', 'End', 'Escape', 'Enter', 'a']) assert.equal(findNext(-1, 3, key), null)
  assert.equal(findNext(1, 3, 'Home'), 0)
  assert.equal(findNext(1, 3, 'End'), 2)
  assert.equal(findNext(1, 3, 'Escape'), -1)
  assert.equal(findNext(1, 3, 'Enter'), null)
})

test('a key with another, or one that chooses a letter, is not taken', () => {
  const plain = { ctrlKey: false, altKey: false, metaKey: false, shiftKey: false }
  assert.ok(isPlain(plain))
  for (const name of ['ctrlKey', 'altKey', 'metaKey', 'shiftKey', 'isComposing']) {
    assert.ok(!isPlain({ ...plain, [name]: true }))
  }
})
