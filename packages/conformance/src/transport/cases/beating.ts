import { expect, test } from 'vitest'

import { quiet, until } from '@sluice/testing/patience'
import { heardText, typesOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

const BEAT_MS = 30
/** Both at once: what a transport does not have does not matter. */
const BEATING = { reader: { heartbeatMs: BEAT_MS }, pingMs: BEAT_MS } as const

/** Silence that is not death. */
export function describeBeating(parts: OpenTransport): void {
  const { open, driver } = parts
  test('contract 4: silence is filled with signs of life, before the first token too', async () => {
    const { script, begin } = await open(BEATING)
    const { reading } = await begin()
    await until(() => reading.beats.length >= 3, `three ${driver.beats}`)
    expect(typesOf(reading)).toEqual(['opened'])
    script.say('a word')
    await heardText(reading, 'a word')
    const { length } = reading.beats
    await until(() => reading.beats.length > length, `more ${driver.beats}, in the silence after a word`)
  })

  test('contract 1: signs of life are no events, and move no cursor', async () => {
    const { script, begin } = await open(BEATING)
    const { reading, id } = await begin('one ')
    await until(() => reading.beats.length >= 2, driver.beats)
    script.say('two ')
    await heardText(reading, 'one two ')
    expect(reading.events.map(({ type, cursor }) => [type, cursor])).toEqual([
      ['opened', `${id}.1.0`],
      ['text', `${id}.1.1`],
      ['text', `${id}.1.2`],
    ])
  })

  test('contract 4: there is no sign of life before it is due', async () => {
    const { begin } = await open()
    const { reading } = await begin('one ')
    await heardText(reading, 'one ')
    await quiet()
    expect(reading.beats).toEqual([])
  })

  if (driver.asksPeers) describeAsking(parts)
  else if (driver.beats !== 'answers') describeNotAsking(parts)
}

/** Where peers are asked whether they are there. */
function describeAsking({ open }: OpenTransport): void {
  test('contract 4: a peer that vanished without a word is noticed, though nothing is written to it', async () => {
    const { other, startUnread, attachingThrough } = await open({ pingMs: BEAT_MS })
    const id = await startUnread('one ')
    const { client, proxy } = await attachingThrough()
    const reading = await client.attach({ id })
    await heardText(reading, 'one ')
    proxy.blackhole()
    await until(() => other.stats().delivering === 0, 'the reading is over')
  })
}

/** Where only what is written shows that nobody takes it. */
function describeNotAsking({ open }: OpenTransport): void {
  test('contract 4: a peer that vanished is noticed by its stall deadline, once enough was written to it', async () => {
    const { script, other, startUnread, attachingThrough } = await open({
      stream: { retentionBytes: 128 * 1024 * 1024 },
      reader: { stallMs: 100, closeGraceMs: 50 },
    })
    const id = await startUnread()
    const { client, proxy } = await attachingThrough()
    await client.attach({ id })
    proxy.blackhole()
    script.sayEndlessly(16 * 1024)
    await until(() => script.given !== '' && other.stats().delivering === 0, 'the reading is over')
    script.finish()
  })
}
