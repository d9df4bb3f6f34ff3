import { describe, expect, test } from 'vitest'

import { CHAT, createRig, eventsOf, saying } from '../rig/rig.ts'

/** Tickets without secrets: who they were issued to, once. */
function createOffice() {
  const issued = new Map<string, string>()
  return {
    issue: ({ owner }: { owner: string }) => {
      const ticket = `ticket-${issued.size}`
      issued.set(ticket, owner)
      return { ticket, expiresAtMs: 5 }
    },
    redeem(ticket: string) {
      const owner = issued.get(ticket)
      issued.delete(ticket)
      return owner === undefined ? undefined : { owner }
    },
  }
}

describe('tickets', () => {
  test('are issued to who asks, and to no stranger', async () => {
    const { ask } = createRig(saying('x'), { tickets: createOffice() })
    const answer = await ask('POST', '/tickets', { owner: 'ada' })
    expect([answer.status, await answer.json()]).toEqual([201, { ticket: 'ticket-0', expiresAtMs: 5 }])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect((await ask('POST', '/tickets', { stranger: true })).status).toBe(401)
    expect((await ask('GET', '/tickets')).status).toBe(405)
  })

  test('contract 12: let an EventSource attach, once, to what their owner may read', async () => {
    const { ask } = createRig(saying('x'), { tickets: createOffice() })
    const id = (await ask('POST', '/streams', { json: CHAT, owner: 'ada' })).headers.get('sluice-stream-id')
    const ticketOf = async (owner: string): Promise<string> =>
      ((await (await ask('POST', '/tickets', { owner })).json()) as { ticket: string }).ticket
    const url = `/streams/${id}?ticket=${await ticketOf('ada')}`
    const reading = await ask('GET', url, { stranger: true })
    expect((await eventsOf(reading)).at(-1)?.event).toBe('end')
    expect((await ask('GET', url, { stranger: true })).status).toBe(401)
    // Who carries a ticket is its owner, whatever else the request says.
    expect((await ask('GET', `/streams/${id}?ticket=${await ticketOf('eve')}`, { owner: 'ada' })).status).toBe(404)
  })

  test('open nothing but an attach', async () => {
    const { ask } = createRig(saying('x'), { tickets: createOffice() })
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    const { ticket } = (await (await ask('POST', '/tickets')).json()) as { ticket: string }
    for (const [method, path] of [
      ['POST', '/streams'],
      ['POST', '/tickets'],
      ['POST', `/streams/${id}/cancel`],
      ['DELETE', `/streams/${id}`],
    ] as const) {
      expect((await ask(method, `${path}?ticket=${ticket}`, { stranger: true, json: CHAT })).status).toBe(401)
    }
  })

  test('are not there where none are configured', async () => {
    const { ask, resource } = createRig(saying('x'))
    expect(resource.owns('/tickets')).toBe(false)
    expect((await ask('POST', '/tickets')).status).toBe(404)
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    expect((await ask('GET', `/streams/${id}?ticket=x`, { stranger: true })).status).toBe(401)
  })
})
