import { expect, test } from 'vitest'

import { isSettled, until, within } from '@sluice/testing/patience'
import type { TransportClient, TransportReading } from '../rig/driver.ts'
import { cursorOf, heardEnd, heardText, textOf } from '../rig/reading.ts'
import { HOUR_MS, type TransportScene } from '../rig/scene.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

/** The ways to go. */
const WAYS: Readonly<Record<string, (client: TransportClient, reading: TransportReading) => void>> = {
  'leaves politely': (_, reading) => reading.detach(),
  'is dropped': (client) => client.drop(),
}

/** So long a client that polls is waited for, after its last answer. */
const BETWEEN_POLLS_MS = 50

/** Waits until nobody reads at either instance. */
async function nobodyReads({ sluice, other }: TransportScene): Promise<void> {
  await until(() => sluice.stats().delivering + other.stats().delivering === 0, 'nobody reads any more')
}

/** A disconnect is not a cancel. */
export function describeLeaving({ open }: OpenTransport): void {
  test.each(Object.keys(WAYS))(
    'contract 9: under "cancel" the source stops at once when its last reader %s',
    async (how) => {
      const scene = await open({
        stream: { onDisconnect: 'cancel' },
        reader: { betweenPollsMs: BETWEEN_POLLS_MS },
      })
      const { client, reading, id } = await scene.begin('half of ')
      await heardText(reading, 'half of ')
      WAYS[how]!(client, reading)
      await within(scene.script.aborted, 'the source is aborted')
      const end = await heardEnd(await (await scene.attaching()).attach({ id }))
      expect(end).toMatchObject({ reason: 'cancelled', complete: false, cause: 'disconnect' })
    },
  )

  test.each(Object.keys(WAYS))(
    'contract 9: under "continue" the source goes on when its last reader %s, and nothing of it is lost',
    async (how) => {
      const scene = await open({ stream: { onDisconnect: 'continue' } })
      const { client, reading } = await scene.begin('half of ')
      await heardText(reading, 'half of ')
      const cursor = cursorOf(reading)
      WAYS[how]!(client, reading)
      await nobodyReads(scene)
      scene.script.say('the answer')
      scene.script.finish()
      const rest = await (await scene.attaching()).attach({ cursor })
      expect(await heardEnd(rest)).toMatchObject({ reason: 'stop', complete: true })
      expect(textOf(rest)).toBe('the answer')
    },
  )

  test('contract 9: a reader that comes back within the grace keeps the stream alive', async () => {
    const scene = await open({ stream: { onDisconnect: { graceMs: 10_000 } } })
    const { client, reading } = await scene.begin('half of ')
    await heardText(reading, 'half of ')
    client.drop()
    await nobodyReads(scene)
    const back = await (await scene.attaching()).attach({ cursor: cursorOf(reading) })
    scene.script.say('the answer')
    scene.script.finish()
    expect(await heardEnd(back)).toMatchObject({ reason: 'stop', complete: true })
    expect(textOf(back)).toBe('the answer')
  })

  test('contract 9: when the grace is over the source stops, and not before', async () => {
    const graceMs = 150
    const scene = await open({
      stream: { onDisconnect: { graceMs } },
      reader: { betweenPollsMs: BETWEEN_POLLS_MS },
    })
    // Who polls has left with its last answer already, which comes some time before it is dropped.
    const beganMs = performance.now()
    const { client, reading, id } = await scene.begin('half of ')
    await heardText(reading, 'half of ')
    client.drop()
    await within(scene.script.aborted, 'the source is aborted')
    expect(performance.now() - beganMs).toBeGreaterThan(graceMs - 5)
    const end = await heardEnd(await (await scene.attaching()).attach({ id }))
    expect(end).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
  })

  test('contract 9: one of two readers that leaves ends nothing', async () => {
    const scene = await open({ stream: { onDisconnect: 'cancel' } })
    const { client, reading, id } = await scene.begin('half of ')
    const beside = await (await scene.attaching()).attach({ id })
    for (const each of [reading, beside]) await heardText(each, 'half of ')
    client.drop()
    expect(await isSettled(scene.script.aborted)).toBe(false)
    scene.script.say('the answer')
    scene.script.finish()
    expect(await heardEnd(beside)).toMatchObject({ reason: 'stop', complete: true })
    expect(textOf(beside)).toBe('half of the answer')
  })

  test.each(['continue', { graceMs: HOUR_MS }] as const)(
    'contract 9: a cancel wins over the policy %j',
    async (onDisconnect) => {
      const scene = await open({ stream: { onDisconnect } })
      const { client, reading, id } = await scene.begin('half of ')
      await heardText(reading, 'half of ')
      client.drop()
      await nobodyReads(scene)
      const end = await (await scene.attaching()).cancel(id)
      expect(end).toMatchObject({ reason: 'cancelled', cause: 'client' })
      await within(scene.script.aborted, 'the source is aborted')
    },
  )
}
