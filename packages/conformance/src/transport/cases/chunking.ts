import { fixed } from '@sluice/core'
import { expect, test } from 'vitest'

import { heard, heardEnd, heardText, textOf, typesOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

const HOUR_MS = 3_600_000

/** When what was said leaves. */
export function describeChunking({ open, driver }: OpenTransport): void {
  test('contract 10: a token is with its reader before the source says the next one', async () => {
    const { script, begin } = await open()
    const { reading } = await begin()
    for (const word of ['Nothing ', 'waits ', 'for ', 'what ', 'follows.']) {
      script.say(word)
      await heardText(reading, script.said)
    }
  })

  // A poll is answered with what there is.
  if (driver.beats !== 'answers') describeTimeBound(open)

  test('contract 10: the end takes with it all that a policy kept', async () => {
    const { script, begin } = await open({ reader: { chunking: fixed({ tokens: 1_000, maxDelayMs: HOUR_MS / 60 }) } })
    const { reading } = await begin('one ', 'two ')
    script.finish()
    await heardEnd(reading)
    expect(textOf(reading)).toBe('one two ')
  })

  test('contract 10: tokens of one turn travel as one event, with the cursor after the last of them', async () => {
    const { script, begin, attaching } = await open()
    const { reading } = await begin('one ', 'two ', 'three ')
    script.finish()
    await heardEnd(reading)
    const { cursor } = await heard(reading, 'text')
    const rest = await (await attaching()).attach({ cursor: cursor! })
    await heardEnd(rest)
    const [first] = reading.events.filter(({ type }) => type === 'text')
    expect(textOf({ events: [first!] }) + textOf(rest)).toBe('one two three ')
  })
}

function describeTimeBound(open: OpenTransport['open']): void {
  test('contract 10: what a policy would keep longer leaves at its time bound', async () => {
    const { script, begin } = await open({ reader: { chunking: fixed({ tokens: 1_000, maxDelayMs: 30 }) } })
    const { reading } = await begin()
    // What is said before the reader is there waits for nothing.
    await heard(reading, 'opened')
    script.say('one ', 'two ')
    await heardText(reading, 'one two ')
    expect(typesOf(reading)).toEqual(['opened', 'text'])
  })
}
