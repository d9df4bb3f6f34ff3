import { expect, test } from 'vitest'

import { quiet, until, untilStill } from '@sluice/testing/patience'
import { cursorOf, heardEnd, heardText, textOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

const WORDS = ['one ', 'two ', 'three ', 'four ', 'five ', 'six ', 'seven ', 'eight ']
const upTo = (count: number): string => WORDS.slice(0, count).join('')

/** Flow control by the client. */
export function describeCredit({ open }: OpenTransport): void {
  test('contract 7: a reader with credit is given so many events, and the end without any', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread()
    const reading = await (await attaching()).attach({ id, credit: 3 })
    script.say(...WORDS)
    await heardText(reading, upTo(3))
    await until(() => script.given === WORDS.join(''), 'the source has said it all')
    await quiet()
    expect(textOf(reading)).toBe(upTo(3))
    // Whoever has used up its credit goes on from its cursor with more.
    const rest = await (await attaching()).attach({ cursor: cursorOf(reading), credit: WORDS.length - 3 })
    script.finish()
    expect(await heardEnd(rest)).toMatchObject({ reason: 'stop' })
    expect(upTo(3) + textOf(rest)).toBe(WORDS.join(''))
  })

  test('contract 7: credit counts from its cursor, so that repeating it grants nothing more', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread()
    const client = await attaching()
    const reading = await client.attach({ id, credit: 2 })
    script.say(...WORDS)
    script.finish()
    await heardText(reading, upTo(2))
    const cursor = cursorOf(reading)
    // A transport without a way back grants once, by attaching: then that is what is repeated.
    const granted = client.ack ? reading : await (await attaching()).attach({ cursor, credit: 3 })
    const already = client.ack ? upTo(2) : ''
    for (let time = 0; time < 3; time++) await client.ack?.({ cursor, credit: 3 })
    await heardText(granted, already + WORDS.slice(2, 5).join(''))
    await quiet()
    expect(textOf(granted)).toBe(already + WORDS.slice(2, 5).join(''))
    await client.ack?.({ cursor, credit: WORDS.length })
    if (client.ack) await heardEnd(reading)
  })

  test.each(['producing', 'attaching'] as const)(
    'contract 7: credit that is granted after the end gives the rest (%s)',
    async (where) => {
      const scene = await open()
      const id = await scene.startUnread()
      const client = await scene[where]()
      const reading = await client.attach({ id, credit: 1 })
      const beside = await (await scene[where]()).attach({ id })
      scene.script.say('one ', 'two ', 'three ')
      scene.script.finish()
      await heardEnd(beside)
      await heardText(reading, 'one ')
      const cursor = cursorOf(reading)
      await client.ack?.({ cursor, credit: 2 })
      const rest = client.ack ? reading : await client.attach({ cursor, credit: 2 })
      await heardEnd(rest)
      expect(textOf(rest)).toBe(client.ack ? 'one two three ' : 'two three ')
    },
  )

  test('contract 7: a reader out of credit holds back its source, and no other stream', async () => {
    const { script, sluice, startUnread, attended, attaching } = await open({ stream: { windowBytes: 16 * 1024 } })
    const id = await startUnread()
    const reading = await (await attaching()).attach({ id, credit: 1 })
    await attended(id)
    script.sayEndlessly(1024)
    await until(() => textOf(reading).length === 1024, 'what the credit is for')
    // Its window, what is being admitted, and what the source says in one turn.
    expect(await untilStill(() => script.given.length, { above: 8 * 1024 })).toBeLessThan(40 * 1024)
    const beside = await sluice.start(() => WORDS, { as: { owner: 'ada', tenant: '' } })
    const other = await (await attaching()).attach({ id: beside.id })
    await heardEnd(other)
    expect(textOf(other)).toBe(WORDS.join(''))
    script.finish()
  })
}
