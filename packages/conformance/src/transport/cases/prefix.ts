import type { Json, SourceEvent } from '@sluice/core'
import { expect, test } from 'vitest'

import { cursorOf, heardEnd, heardText, textOf, typesOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

/** Text that encoders, framings and parsers have broken. */
const TRICKY = ['Grüße ', '日本', '語\r\n\r\ndata: x\n\n', '👩🏽‍🚀', '\u2028\0\ufeff"\\', '[DONE]', ' end']

/** One event of every kind that a source may have. */
const EVERY_KIND: readonly SourceEvent[] = [
  { type: 'reasoning', text: 'so …' },
  { type: 'text', text: 'first' },
  { type: 'text', text: 'second choice', choice: 1 },
  { type: 'refusal', text: 'no' },
  { type: 'tool', phase: 'call', id: 't', name: 'look' },
  { type: 'tool', phase: 'args', id: 't', text: '{"at":"ü"}' },
  { type: 'tool', phase: 'result', id: 't', result: { found: [1, null, '😀'] } },
  { type: 'tool', phase: 'error', id: 't', message: 'gone' },
  { type: 'data', name: 'progress', data: { step: 1, of: [2] } },
  { type: 'usage', usage: { inputTokens: 3, outputTokens: 4 } },
  { type: 'finish', reason: 'length' },
]

function nested(levels: number): Json {
  let value: Json = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { v: value } : [value]
  return value
}

/** What a reader receives is a run of the log. */
export function describePrefix({ open }: OpenTransport): void {
  test('contract 1: a reader is told "opened" first, then every byte of the text, then the end', async () => {
    const { script, begin } = await open()
    const { reading, id } = await begin(...TRICKY)
    script.finish()
    const end = await heardEnd(reading)
    expect(textOf(reading)).toBe(TRICKY.join(''))
    expect(reading.events[0]).toMatchObject({ type: 'opened', id, meta: {} })
    expect(end).toMatchObject({ type: 'end', reason: 'stop', complete: true })
    expect(typesOf(reading).filter((type) => type === 'opened')).toHaveLength(1)
  })

  test('contract 1: every kind of event arrives as it was given', async () => {
    const { script, begin } = await open()
    const { reading } = await begin()
    script.say(...EVERY_KIND)
    script.finish()
    const end = await heardEnd(reading)
    const told = reading.events.slice(1, -1).map((event) => ({ ...event, cursor: undefined }))
    expect(told).toEqual(EVERY_KIND)
    expect(end).toMatchObject({ reason: 'length', usage: { inputTokens: 3, outputTokens: 4 } })
  })

  test('contract 1: JSON that is nested as deep as it may be cuts no reading, now or later', async () => {
    const { script, begin, attaching } = await open()
    const { reading, id } = await begin('before ')
    script.say(
      { type: 'data', name: 'deep', data: nested(100) },
      { type: 'tool', phase: 'result', id: 't', result: nested(100) },
    )
    script.say('after')
    script.finish()
    const again = await (await attaching()).attach({ id })
    for (const each of [reading, again]) {
      expect(await heardEnd(each)).toMatchObject({ reason: 'stop', complete: true })
      expect(textOf(each)).toBe('before after')
      expect(typesOf(each)).toEqual(['opened', 'text', 'data', 'tool', 'text', 'end'])
    }
  })

  test('contract 1: every event has the cursor after it, and goes on from there without a gap or a repeat', async () => {
    const { script, begin, attaching } = await open()
    const { reading } = await begin()
    // Each by itself: what comes together may be told as one.
    for (const word of TRICKY) {
      script.say(word)
      await heardText(reading, script.said)
    }
    script.finish()
    await heardEnd(reading)
    for (const [index, { type, cursor }] of reading.events.entries()) {
      if (type === 'end') continue
      const before = textOf({ events: reading.events.slice(0, index + 1) })
      const again = await (await attaching()).attach({ cursor: cursor! })
      await heardEnd(again)
      expect(before + textOf(again)).toBe(TRICKY.join(''))
      expect(again.events[0]).toMatchObject({ type: 'opened', cursor })
    }
  })

  test('contract 1: a reader that is dropped over and over gets the whole text, byte for byte', async () => {
    const { script, begin, attaching } = await open()
    const first = await begin()
    let { client, reading } = first
    let text = ''
    for (const word of [...TRICKY, ...TRICKY]) {
      script.say(word)
      await heardText(reading, word.toWellFormed())
      text += textOf(reading)
      const cursor = cursorOf(reading)
      client.drop()
      client = await attaching()
      reading = await client.attach({ cursor })
    }
    script.finish()
    await heardEnd(reading)
    expect(text + textOf(reading)).toBe([...TRICKY, ...TRICKY].join(''))
  })

  test('contract 1: several readers of one stream, whenever they join, are told the same', async () => {
    const { script, begin, attaching } = await open()
    const { reading, id } = await begin('one ')
    const readings = [reading]
    for (const word of ['two ', 'three ', 'four ']) {
      readings.push(await (await attaching()).attach({ id }))
      script.say(word)
      await heardText(reading, script.said)
    }
    script.finish()
    for (const each of readings) {
      await heardEnd(each)
      expect(textOf(each)).toBe('one two three four ')
    }
  })

  test('contract 1: a reader that asks for what comes now is told nothing of what there was', async () => {
    const { script, begin, attaching } = await open()
    const { reading, id } = await begin('before ')
    await heardText(reading, 'before ')
    const late = await (await attaching()).attach({ id, after: 'now' })
    script.say('after')
    script.finish()
    await heardEnd(late)
    expect(textOf(late)).toBe('after')
  })
}
