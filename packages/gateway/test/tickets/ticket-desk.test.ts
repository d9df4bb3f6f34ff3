import { createMemoryStore } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { openTicketDesk } from '../../src/serve/ticket-desk.ts'

const OPTIONS = { ticketMs: 30_000, ticketSecret: 'a secret of thirty-two characters, or more' }
const OWNERS = ['ada', 'bob', 'eve']

describe('a desk of tickets', () => {
  test('knows each owner by the key that got the ticket, in whatever order tickets are taken', async () => {
    const here = await openTicketDesk(OPTIONS, createMemoryStore())
    const there = await openTicketDesk(OPTIONS, createMemoryStore())
    const tickets = OWNERS.map((owner) => {
      here.remember({ owner }, `Bearer sk-${owner}`)
      return here.tickets.issue({ owner }).ticket
    })
    for (const ticket of tickets.toReversed()) await there.tickets.redeem(ticket)
    for (const desk of [here, there])
      expect(OWNERS.map((owner) => desk.authorizationOf({ owner }))).toEqual(
        OWNERS.map((owner) => `Bearer sk-${owner}`),
      )
    expect(there.authorizationOf({ owner: 'nobody' })).toBeUndefined()
  })

  test('spends no other ticket with the one that is taken', async () => {
    const { tickets } = await openTicketDesk(OPTIONS, createMemoryStore())
    const [one, two] = [tickets.issue({ owner: 'ada' }).ticket, tickets.issue({ owner: 'ada' }).ticket]
    expect(await tickets.redeem(one)).toMatchObject({ owner: 'ada' })
    expect(await tickets.redeem(two)).toMatchObject({ owner: 'ada' })
    expect(await tickets.redeem(one)).toBeUndefined()
  })
})
