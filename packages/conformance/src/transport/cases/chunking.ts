import { fixed } from '@sluice/core'
import { expect, test } from 'vitest'

import { quiet, until } from '@sluice/testing/patience'
import { heard, heardEnd, heardText, textOf, typesOf } from '../rig/reading.ts'
import { storedUpTo } from '../rig/scene.ts'
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
    const { reading } = await begin()
    // What is said before the reader is there waits for nothing.
    await heard(reading, 'opened')
    script.say('one ', 'two ')
    await until(() => script.given === script.said, 'it has said so')
    await quiet()
    // A poll is answered with what there is.
    const heardOfIt = driver.beats === 'answers' ? '' : textOf(reading)
    expect(heardOfIt).toBe('')
    script.finish()
    await heardEnd(reading)
    expect(textOf(reading)).toBe('one two ')
  })

  test('contract 10: tokens that are there at once travel as one event, with the cursor after the last of them', async () => {
    const scene = await open()
    const id = await scene.startUnread('one ', 'two ', 'three ')
    await storedUpTo(scene, id, 3)
    const reading = await (await scene.attaching()).attach({ id })
    await heardText(reading, 'one two three ')
    const cursor = `${id}.1.3`
    expect(reading.events.filter(({ type }) => type === 'text')).toMatchObject([{ text: 'one two three ', cursor }])
    scene.script.say('four')
    scene.script.finish()
    const rest = await (await scene.attaching()).attach({ cursor })
    await heardEnd(rest)
    expect(textOf(rest)).toBe('four')
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
