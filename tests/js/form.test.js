import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fillTyped, readTyped } from '../../static/src/form/typed.js'

/** @returns {import('../../static/src/form/typed.js').Control[]} an empty form, as it comes from the server */
function emptyForm() {
  return [
    { name: 'csrf_token', type: 'hidden', value: 'new' },
    { name: 'owner', type: 'select-one', value: '' },
    { name: 'repeat', type: 'radio', value: 'weekly', checked: true },
    { name: 'repeat', type: 'radio', value: 'once', checked: false },
    { name: 'weekdays', type: 'checkbox', value: '0', checked: true },
    { name: 'weekdays', type: 'checkbox', value: '1', checked: false },
    { name: 'starts', type: 'text', value: '' }
  ]
}

/** @returns {import('../../static/src/form/typed.js').Control[]} */
function filledForm() {
  return [
    { name: 'csrf_token', type: 'hidden', value: 'old' },
    { name: 'owner', type: 'select-one', value: 'clinic/1' },
    { name: 'repeat', type: 'radio', value: 'weekly', checked: false },
    { name: 'repeat', type: 'radio', value: 'once', checked: true },
    { name: 'weekdays', type: 'checkbox', value: '0', checked: false },
    { name: 'weekdays', type: 'checkbox', value: '1', checked: true },
    { name: 'starts', type: 'text', value: '9am' }
  ]
}

test('what was typed is there again, and the page keeps its own fields', () => {
  const form = emptyForm()
  fillTyped(form, structuredClone(readTyped(filledForm())))
  assert.deepEqual(form, [{ name: 'csrf_token', type: 'hidden', value: 'new' }, ...filledForm().slice(1)])
})

test('the keys of a page and passwords are not kept', () => {
  const typed = readTyped([...filledForm(), { name: 'password', type: 'password', value: 'secret' }])
  assert.deepEqual(Object.keys(typed), ['owner', 'repeat', 'weekdays', 'starts'])
})

test('a box that was ticked by the server and then cleared stays clear', () => {
  const form = emptyForm()
  fillTyped(form, { weekdays: [] })
  assert.deepEqual(
    form.filter((control) => control.name === 'weekdays').map((control) => control.checked),
    [false, false]
  )
})

test('without anything kept, or with something else, the form stays as it came', () => {
  for (const kept of [undefined, null, 'text', { starts: '9am' }, { starts: [9] }, []]) {
    const form = emptyForm()
    fillTyped(form, kept)
    assert.deepEqual(form, emptyForm())
  }
})
