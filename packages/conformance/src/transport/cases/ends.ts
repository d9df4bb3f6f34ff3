import { expect, test } from 'vitest'

import { quiet } from '@sluice/testing/patience'
import { heardEnd, textOf, typesOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

/** One end, the same for all, and nothing after it. */
export function describeEnds({ open }: OpenTransport): void {
  test('contract 3: all readers are told the same end, then and later', async () => {
    const { script, begin, attaching } = await open()
    const { reading, id } = await begin('a whole ')
    const beside = await (await attaching()).attach({ id })
    script.say('answer')
    script.finish()
    const end = await heardEnd(reading)
    const later = await (await attaching()).attach({ id })
    for (const each of [beside, later]) expect(await heardEnd(each)).toEqual(end)
  })

  test('contract 3: nothing follows the end, and the transport is done with the reading', async () => {
    const { script, begin } = await open()
    const { client, reading, id } = await begin('all')
    script.finish()
    await heardEnd(reading)
    await client.cancel(id)
    await quiet()
    expect(typesOf(reading)).toEqual(['opened', 'text', 'end'])
  })

  test('contract 3: a finished stream stays as it ended, whatever is cancelled afterwards', async () => {
    const { script, begin, attaching } = await open()
    const { reading, id } = await begin('all')
    script.finish()
    const end = await heardEnd(reading)
    const client = await attaching()
    expect(await client.cancel(id)).toMatchObject({ reason: 'stop' })
    expect(await heardEnd(await client.attach({ id }))).toEqual(end)
  })

  test('contract 3: an end has a cursor, and nothing is left to read after it', async () => {
    const { script, begin, attaching } = await open()
    const { reading } = await begin('all')
    script.finish()
    const { cursor } = await heardEnd(reading)
    const again = await (await attaching()).attach({ cursor: cursor! })
    expect((await again.over).polite).toBe(true)
    expect(textOf(again)).toBe('')
  })

  test('contract 3: a stream that says nothing still has its end', async () => {
    const { script, begin } = await open()
    const { reading } = await begin()
    script.finish()
    expect(await heardEnd(reading)).toMatchObject({ reason: 'stop', complete: true })
    expect(typesOf(reading)).toEqual(['opened', 'end'])
  })
}
