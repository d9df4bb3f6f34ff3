import type { IncomingMessage } from 'node:http'

import { createSluice, isSluiceError } from '@sluice/core'
import { check, identifyAnswers, verdictOnAnswer } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { admit } from '../src/handshake/handshake.ts'
import { nativeDialect } from '../src/message/dialect.ts'
import { resolveWebSocketOptions } from '../src/handshake/options.ts'

const CODES = { stranger: 'SLUICE_ERR_UNAUTHORIZED', fault: 'SLUICE_ERR_OPTION' } as const

test('contract 12: nothing that identify or a ticket gives opens a socket but a principal', () => {
  const sluice = createSluice()
  return check(
    fc.asyncProperty(identifyAnswers, fc.boolean(), fc.boolean(), async (answer, later, byTicket) => {
      const give = (): never => (later ? Promise.resolve(answer) : answer) as never
      const options = resolveWebSocketOptions({ sluice, identify: give, tickets: { redeem: give } })
      const offered = byTicket ? 'sluice.v1, ticket.t' : 'sluice.v1'
      const request = { headers: { 'sec-websocket-protocol': offered } } as unknown as IncomingMessage
      const verdict = verdictOnAnswer(answer)
      const outcome = await admit(request, options, nativeDialect).catch((error: unknown) => error)
      if (verdict === 'principal') {
        const { owner, tenant, expiresAtMs } = answer as Record<string, unknown>
        expect(outcome).toEqual({ request, bearer: undefined, principal: { owner, tenant }, expiresAtMs })
      } else {
        expect(isSluiceError(outcome) && outcome.code).toBe(CODES[verdict])
        if (verdict === 'fault') expect(String(outcome)).toContain(byTicket ? '"tickets.redeem"' : '"identify"')
      }
    }),
  )
})
