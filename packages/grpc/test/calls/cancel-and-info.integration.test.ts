import { describe, expect, test } from 'vitest'

import { connectedRig } from '../rig/connected-rig.ts'
import { as, ask, hear, kinds, type Message, open, sayingForEver } from '../rig/rig.ts'

describe('Cancel and Info', () => {
  test('contract 8: cancel ends the stream for everyone and reaches the source', async () => {
    const cut = Promise.withResolvers<void>()
    const { client } = await connectedRig(sayingForEver('x', cut.resolve))
    const call = open(client, 'Start', { key: 'chat' })
    const heard = hear(call)
    await new Promise((resolve) => call.once('data', resolve))
    expect(await ask(client, 'Info', { ref: { key: 'chat' } })).toMatchObject({ info: { key: 'chat' } })
    const { info } = (await ask(client, 'Cancel', { ref: { key: 'chat' } })) as { info: Message }
    expect(info).toMatchObject({
      status: 'STATUS_ENDED',
      end: { reason: 'cancelled', cause: 'client', complete: false },
    })
    await cut.promise
    const { events, status } = await heard
    expect(kinds(events).at(-1)).toBe('end')
    expect(status.code).toBe(1)
    const id = String(info['id'])
    expect(await ask(client, 'Cancel', { ref: { id } })).toMatchObject({ info: { end: { reason: 'cancelled' } } })
    await expect(ask(client, 'Info', { ref: { id } }, as('eve'))).rejects.toMatchObject({ code: 5 })
  })
})
