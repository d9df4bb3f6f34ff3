import { expect, test } from 'vitest'

import { quiet, until, within } from '@sluice/testing/patience'
import { heardCut, heardEnd, heardText, textOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

/** Ended for everyone, and acknowledged once that is so. */
export function describeCancelling({ open }: OpenTransport): void {
  test('contract 8: a cancel is acknowledged with the end, aborts the source, and all readers are told', async () => {
    const { script, begin, attaching } = await open()
    const { reading, id } = await begin('half of ')
    const client = await attaching()
    const beside = await client.attach({ id })
    for (const each of [reading, beside]) await heardText(each, 'half of ')
    const canceller = await attaching()
    expect(await canceller.cancel(id)).toMatchObject({ reason: 'cancelled', cause: 'client' })
    await within(script.aborted, 'the source is aborted')
    for (const each of [reading, beside]) {
      expect(await heardEnd(each)).toMatchObject({ reason: 'cancelled', complete: false, cause: 'client' })
      await heardCut(each)
    }
  })

  test('contract 8: a stream that was cancelled says what it cost, as far as that can be counted', async () => {
    const { begin, producing } = await open()
    const { reading, id } = await begin('one ', 'two ')
    await heardText(reading, 'one two ')
    await (await producing()).cancel(id)
    expect((await heardEnd(reading)).usage).toMatchObject({ outputTokens: 2, estimated: true })
  })

  test('contract 8: a cancel may be repeated, from anywhere, with the same answer', async () => {
    const { begin, producing, attaching } = await open()
    const { id } = await begin('half of ')
    const first = await (await producing()).cancel(id)
    for (const client of [await producing(), await attaching()]) expect(await client.cancel(id)).toEqual(first)
  })

  test('contract 8: nothing that is produced after a cancel is stored or sent', async () => {
    const { script, begin, producing, attaching } = await open()
    script.ignoreItsSignal()
    const { reading, id } = await begin('before')
    await heardText(reading, 'before')
    await (await producing()).cancel(id)
    script.say('after')
    await until(() => script.given === 'beforeafter', 'it has said so')
    await quiet()
    await heardEnd(reading)
    const later = await (await attaching()).attach({ id })
    await heardEnd(later)
    for (const each of [reading, later]) expect(textOf(each)).toBe('before')
  })

  test('contract 8: a source that has yet to say its first word is cancelled like any other', async () => {
    const { script, begin, attaching } = await open()
    const { reading, id } = await begin()
    expect(await (await attaching()).cancel(id)).toMatchObject({ reason: 'cancelled' })
    await within(script.aborted, 'the source is aborted')
    expect(await heardEnd(reading)).toMatchObject({ reason: 'cancelled', complete: false })
  })
}
