import { expect, test } from 'vitest'

import type { AttachAsked, TransportClient } from '../rig/driver.ts'
import { heardText } from '../rig/reading.ts'
import { TransportRefusal } from '../rig/refusal.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

/** An id as long and as random as any. */
const NEVER_WAS = '0'.repeat(26)

/** What a client is told that does not get what it asked for. */
export async function refusalOf(work: Promise<unknown>): Promise<TransportRefusal> {
  const told = await work.then(
    () => new Error('it was not refused'),
    (error: unknown) => error,
  )
  if (told instanceof TransportRefusal) return told
  throw told
}

/** Everything that a client can tell refusals apart by. */
const wordsOf = ({ code, status, text }: TransportRefusal): unknown[] => [code, status, text]

/** Who may do what. */
export function describeIsolation({ open, driver }: OpenTransport): void {
  const notFound = { code: 'SLUICE_ERR_NOT_FOUND', status: driver.refusals.SLUICE_ERR_NOT_FOUND }

  test.each(['bob', 'acme.ada'])(
    'contract 12: to somebody else (%s) a stream is as unknown as one that never was, whatever is asked',
    async (credential) => {
      const { script, begin, attaching } = await open()
      const { reading, id } = await begin('for ada only')
      await heardText(reading, 'for ada only')
      const asks: ((client: TransportClient, id: string) => Promise<unknown>)[] = [
        (client, named) => client.attach({ id: named }),
        (client, named) => client.attach({ cursor: `${named}.1.1` }),
        (client, named) => client.attach({ id: named, after: 'now' }),
        (client, named) => client.cancel(named),
      ]
      for (const ask of asks) {
        const forbidden = await refusalOf(ask(await attaching(credential), id))
        const unknown = await refusalOf(ask(await attaching(), NEVER_WAS))
        expect(forbidden).toMatchObject(notFound)
        expect(wordsOf(forbidden)).toEqual(wordsOf(unknown))
      }
      script.say(', as before')
      await heardText(reading, 'for ada only, as before')
    },
  )

  test('contract 12: a stranger gets in nowhere', async () => {
    const { begin, attaching, producing } = await open()
    const { id } = await begin('for ada only')
    const unauthorized = { code: 'SLUICE_ERR_UNAUTHORIZED', status: driver.refusals.SLUICE_ERR_UNAUTHORIZED }
    const asks: ((client: TransportClient) => Promise<unknown>)[] = [
      (client) => client.start(),
      (client) => client.attach({ id }),
      (client) => client.cancel(id),
    ]
    for (const ask of asks) {
      expect(await refusalOf(producing('stranger').then(ask))).toMatchObject(unauthorized)
      expect(await refusalOf(attaching('stranger').then(ask))).toMatchObject(unauthorized)
    }
  })

  test('contract 12: who may read one stream may not begin in another with its cursor', async () => {
    const { begin, startUnread, attaching } = await open()
    const { id } = await begin('mine')
    const other = await startUnread()
    const asked: AttachAsked = { id, after: `${other}.1.0` }
    expect(await refusalOf((await attaching()).attach(asked))).toMatchObject({ code: 'SLUICE_ERR_CURSOR_MALFORMED' })
  })
}
