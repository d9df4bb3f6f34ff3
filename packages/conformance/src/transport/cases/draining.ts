import { expect, test } from 'vitest'

import { isSettled, until, within } from '@sluice/testing/patience'
import { refusalOf } from './isolation.ts'
import { heardClosed, heardCut, heardEnd, heardText, textOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

const DRAIN_MS = 10_000
const INTERRUPTED = { reason: 'interrupted', complete: false, cause: 'drain' }

/** A server that is about to go. */
export function describeDraining(parts: OpenTransport): void {
  const { open, driver, stores } = parts
  const refused = { code: 'SLUICE_ERR_DRAINING', status: driver.refusals.SLUICE_ERR_DRAINING }

  test('contract 3: a server that drains starts nothing more, and says so', async () => {
    // Whoever polls is not waited for once this is over.
    const { script, begin, served, producing } = await open({ reader: { betweenPollsMs: 50 } })
    const { reading } = await begin('half of ')
    await heardText(reading, 'half of ')
    void served.drain(DRAIN_MS)
    expect(await refusalOf(producing().then((client) => client.start()))).toMatchObject(refused)
    script.finish()
  })

  test('contract 3: what still runs at the end of a drain ends as interrupted, not as complete', async () => {
    const { script, begin, served, attaching } = await open()
    const { reading, id } = await begin('half of ')
    await heardText(reading, 'half of ')
    await within(served.drain(50), 'the drain is over')
    await within(script.aborted, 'the source is aborted')
    await heardCut(reading)
    // Who reads here was sent elsewhere, where there is such a place.
    const told = stores.another ? await (await attaching()).attach({ id }) : reading
    expect(await heardEnd(told)).toMatchObject(INTERRUPTED)
  })

  if (stores.another) describeHandingOver(parts)
  else describeServingOut(parts)
}

/** Where streams can be read elsewhere. */
function describeHandingOver({ open }: OpenTransport): void {
  test('contract 2: readers that can go on elsewhere are told "closed: draining" with a cursor, and go on there', async () => {
    const { script, begin, served, sluice, attaching } = await open()
    const { reading } = await begin('half of ')
    await heardText(reading, 'half of ')
    const drained = served.drain(DRAIN_MS)
    const { code, cursor } = await heardClosed(reading)
    expect(code).toBe('draining')
    const elsewhere = await (await attaching()).attach({ cursor: cursor! })
    script.say('the answer')
    script.finish()
    expect(await heardEnd(elsewhere)).toMatchObject({ reason: 'stop', complete: true })
    expect(textOf(elsewhere)).toBe('the answer')
    await within(drained, 'the drain is over')
    expect(sluice.stats().delivering).toBe(0)
  })
}

/** Where streams can be read nowhere else. */
function describeServingOut({ open }: OpenTransport): void {
  test('contract 3: readers that can go on nowhere else are served to the end', async () => {
    const { script, begin, served } = await open()
    const { reading } = await begin('half of ')
    await heardText(reading, 'half of ')
    const drained = served.drain(DRAIN_MS)
    expect(await isSettled(drained)).toBe(false)
    script.say('the answer')
    script.finish()
    expect(await heardEnd(reading)).toMatchObject({ reason: 'stop', complete: true })
    expect(textOf(reading)).toBe('half of the answer')
    await within(drained, 'the drain is over')
  })

  test('contract 9: a client of a server that drains can leave, as before', async () => {
    const { script, begin, served, sluice } = await open({
      stream: { onDisconnect: 'cancel' },
      reader: { betweenPollsMs: 50 },
    })
    const { reading, id } = await begin('half of ')
    await heardText(reading, 'half of ')
    const drained = served.drain(DRAIN_MS)
    await until(() => sluice.stats().draining, 'it drains')
    reading.detach()
    await within(script.aborted, 'the source is aborted')
    await within(drained, 'the drain is over')
    const { end } = await sluice.info({ id }, { as: 'server' })
    expect(end).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
  })

  test('contract 9: a client of a server that drains can cancel and be told, as before', async () => {
    const { script, begin, served, sluice } = await open()
    const { client, reading, id } = await begin('half of ')
    await heardText(reading, 'half of ')
    void served.drain(DRAIN_MS)
    await until(() => sluice.stats().draining, 'it drains')
    expect(await client.cancel(id)).toMatchObject({ reason: 'cancelled' })
    await within(script.aborted, 'the source is aborted')
    expect(await heardEnd(reading)).toMatchObject({ reason: 'cancelled', cause: 'client' })
  })
}
