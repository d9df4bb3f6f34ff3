import { createHmac } from 'node:crypto'

import { createTickets } from '@sluice/websocket'
import { check } from '@sluice/testing'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'

const SECRET = 'a secret of thirty-two bytes, or more'

afterEach(() => void vi.useRealTimers())

describe('a ticket', () => {
  test('says who it was issued to, once', async () => {
    const tickets = createTickets({ secret: SECRET })
    const { ticket } = tickets.issue({ owner: 'ada', tenant: 'acme' })
    expect(tickets.redeem(ticket)).toEqual({ owner: 'ada', tenant: 'acme', expiresAtMs: undefined })
    expect(tickets.redeem(ticket)).toBeUndefined()
  })

  test('is taken by every process that has the secret, and by no other', () => {
    const { ticket } = createTickets({ secret: SECRET }).issue({ owner: 'ada' })
    expect(createTickets({ secret: `${SECRET}!` }).redeem(ticket)).toBeUndefined()
    expect(createTickets({ secret: Buffer.from(SECRET) }).redeem(ticket)).toMatchObject({ owner: 'ada' })
  })

  test('is taken once by all processes that share what is spent', async () => {
    const spent = new Map<string, number>()
    const spend = async (nonce: string, ttlMs: number): Promise<boolean> =>
      spent.size !== spent.set(nonce, spent.get(nonce) ?? ttlMs).size
    const processes = [1, 2, 3].map(() => createTickets({ secret: SECRET, ttlMs: 5_000, spend }))
    const { ticket } = processes[0]!.issue({ owner: 'ada' })
    const answers = await Promise.all(processes.map(async (tickets) => tickets.redeem(ticket)))
    expect(answers.filter(Boolean)).toEqual([{ owner: 'ada', tenant: undefined, expiresAtMs: undefined }])
    const [ttlMs] = spent.values()
    expect(ttlMs).toBeGreaterThan(0)
    expect(ttlMs).toBeLessThanOrEqual(5_000)
  })

  test('that it cannot be said to be spent for the first time is not taken', async () => {
    const tickets = createTickets({ secret: SECRET, spend: () => Promise.reject(new Error('no answer')) })
    await expect(tickets.redeem(tickets.issue({ owner: 'ada' }).ticket)).rejects.toThrow('no answer')
  })

  test('fits into a subprotocol', () => {
    const { ticket } = createTickets({ secret: SECRET }).issue({ owner: 'ada lovelace 👩🏽‍🚀, "x"', tenant: 'ünï' })
    expect(ticket).toMatch(/^[\w-]+\.[\w-]+$/)
  })

  test('expires, and then is forgotten', () => {
    vi.useFakeTimers()
    const tickets = createTickets({ secret: SECRET, ttlMs: 1_000, maxRemembered: 1 })
    const [first, second, third] = [1, 2, 3].map(() => tickets.issue({ owner: 'ada' }).ticket)
    expect(tickets.redeem(first!)).toBeDefined()
    // It remembers no more than it may, and takes none that it could not remember.
    expect(tickets.redeem(second!)).toBeUndefined()
    vi.advanceTimersByTime(1_000)
    expect(tickets.redeem(third!)).toBeUndefined()
    expect(tickets.redeem(tickets.issue({ owner: 'ada' }).ticket)).toBeDefined()
  })

  test('outlives no credential that it was issued for, and tells when that expires', () => {
    const tickets = createTickets({ secret: SECRET })
    const soon = Date.now() + 500
    const { ticket, expiresAtMs } = tickets.issue({ owner: 'ada', expiresAtMs: soon })
    expect(expiresAtMs).toBe(soon)
    expect(tickets.redeem(ticket)).toMatchObject({ expiresAtMs: soon })
    expect(tickets.redeem(tickets.issue({ owner: 'ada', expiresAtMs: Date.now() - 1 }).ticket)).toBeUndefined()
  })

  test('of the same secret but of another purpose is none', () => {
    const payload = Buffer.from(JSON.stringify({ n: 'n', e: Date.now() + 9_000, owner: 'eve' })).toString('base64url')
    const signature = createHmac('sha256', SECRET).update(payload).digest('base64url')
    expect(createTickets({ secret: SECRET }).redeem(`${payload}.${signature}`)).toBeUndefined()
  })

  test('contract 12: that was altered anywhere, or made up, is not taken and throws nothing', async () => {
    const tickets = createTickets({ secret: SECRET })
    const altered = fc.record({ at: fc.nat(), bit: fc.integer({ min: 0, max: 6 }), text: fc.string() })
    await check(
      fc.property(altered, ({ at, bit, text }) => {
        const { ticket } = tickets.issue({ owner: 'ada' })
        const place = at % ticket.length
        const other = String.fromCharCode(ticket.charCodeAt(place) ^ (1 << bit))
        const forged = ticket.slice(0, place) + other + ticket.slice(place + 1)
        // Base64 has letters whose last bits mean nothing: such a ticket is the same one, spelled in another way.
        if (!sameBytes(forged, ticket)) expect(tickets.redeem(forged)).toBeUndefined()
        expect(tickets.redeem(text)).toBeUndefined()
      }),
    )
  })

  test.each([
    [{ secret: 'short' }, /"secret".*32 bytes/],
    [{ secret: SECRET, ttlMs: 0 }, /"ttlMs" is 0/],
    [{ secret: SECRET, ttl: 5 }, /no option "ttl"/],
    [{ secret: SECRET, spend: 'once' as never }, /"spend" is "once"/],
    [{ secret: undefined as unknown as string }, /"secret" is undefined/],
  ])('is not made of wrong options: %j', (options, message) => {
    expect(() => createTickets(options)).toThrow(message)
  })
})

function sameBytes(a: string, b: string): boolean {
  const [payloadA, signatureA = ''] = a.split('.')
  const [payloadB, signatureB = ''] = b.split('.')
  const bytes = (text: string): string => Buffer.from(text, 'base64url').toString('hex')
  return payloadA === payloadB && bytes(signatureA) === bytes(signatureB)
}
