import { SluiceError } from '@sluice/core'
import { expect, test } from 'vitest'

import { until } from '@sluice/testing/patience'
import { heardClosed, heardCut, heardEnd, heardText, textOf, typesOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

const KIB = 1024

/** A cut is told, and never looks like an end. */
export function describeLoss({ open }: OpenTransport): void {
  test('contract 2: a source that fails half way ends its stream with the error, and not as complete', async () => {
    const { script, begin } = await open()
    const { reading } = await begin('half of ')
    await heardText(reading, 'half of ')
    script.fail(new SluiceError('SLUICE_ERR_BACKEND', 'The backend is busy.', { status: 503, retryAfterMs: 1_500 }))
    const end = await heardEnd(reading)
    expect(end).toMatchObject({ reason: 'error', complete: false, cause: 'source' })
    expect(end.error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', message: 'The backend is busy.', status: 503 })
    await heardCut(reading)
  })

  test('contract 2: what a source throws that was not written for readers is not told them', async () => {
    const { script, begin } = await open()
    const { reading } = await begin('half of ')
    script.fail(new Error('password=hunter2'))
    expect((await heardEnd(reading)).error).toMatchObject({ code: 'SLUICE_ERR_SOURCE' })
    expect(JSON.stringify(reading.events)).not.toContain('hunter2')
  })

  test('contract 2: a server that goes away without a word leaves its readers with a cut, not with an end', async () => {
    const { begin, served } = await open()
    const { reading } = await begin('half of ')
    await heardText(reading, 'half of ')
    await served.close()
    await heardCut(reading)
    expect(typesOf(reading)).not.toContain('end')
  })

  test.each(['rst', 'fin'] as const)(
    'contract 2: a network that breaks leaves readers with a cut, not with an end (%s)',
    async (how) => {
      const { startUnread, attachingThrough } = await open()
      const id = await startUnread('half of ')
      const { client, proxy } = await attachingThrough()
      const reading = await client.attach({ id })
      await heardText(reading, 'half of ')
      proxy.cut({ how })
      await heardCut(reading)
      expect(typesOf(reading)).not.toContain('end')
    },
  )

  test('contract 2: a reader that falls behind what is kept is told "closed: trimmed", never given a later part', async () => {
    const { script, startUnread, attaching } = await open({
      stream: { retentionBytes: 64 * KIB, windowBytes: 32 * KIB },
    })
    const id = await startUnread()
    // One that grants too little falls behind as surely as one that does not read, and on every transport as soon.
    const behind = await (await attaching()).attach({ id, credit: 1 })
    const ahead = await (await attaching()).attach({ id })
    script.sayEndlessly(16 * KIB)
    // A store that is elsewhere may keep more in this process than it was told to keep there.
    await until(() => textOf(ahead).length > 768 * KIB, 'far more was read than is kept')
    script.finish()
    await heardEnd(ahead)
    const { code, cursor } = await heardClosed(behind)
    expect([code, cursor]).toEqual(['trimmed', undefined])
    expect(textOf(behind)).toBe(script.given.slice(0, 16 * KIB))
  })

  test('contract 2: a stream that is erased under a reader ends for it with a word', async () => {
    const { sluice, begin } = await open()
    const { reading, id } = await begin('half of ')
    await heardText(reading, 'half of ')
    await sluice.erase({ id }, { as: 'server' })
    await heardCut(reading)
    expect(reading.events.at(-1)!.type).toBeOneOf(['end', 'closed'])
  })
}
