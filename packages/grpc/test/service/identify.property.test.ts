import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect'
import { createSluice, isSluiceError } from '@sluice/core'
import { createGrpcRoutes } from '@sluice/grpc'
import { TokenStreamService } from '@sluice/grpc/v1'
import { check, identifyAnswers, verdictOnAnswer } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const CODES = { principal: undefined, stranger: Code.Unauthenticated, fault: Code.Internal } as const

async function drain(answers: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of answers);
}

test('contract 12: nothing that identify gives starts, reads or cancels a stream but a principal', async () => {
  const sluice = createSluice({ limits: { startsPerSecond: 1_000_000, startBurst: 1_000_000 } })
  const theirs = await sluice.start(() => ['internal'], { as: 'server', onDisconnect: 'continue' })
  const state = { answer: undefined as unknown, calls: 0, errors: [] as unknown[] }
  const routes = createGrpcRoutes({
    sluice,
    identify: () => state.answer as never,
    run: () => (state.calls++, () => ['hi']),
    onError: (error) => state.errors.push(error),
  })
  const client = createClient(
    TokenStreamService,
    createRouterTransport((router) => routes(router)),
  )
  const ref = { ref: { case: 'id', value: theirs.id } } as const
  const calls = {
    start: () => drain(client.start({ input: {} })),
    attach: () => drain(client.attach({ ref })),
    cancel: () => client.cancel({ ref }),
    info: () => client.info({ ref }),
    session: () => drain(client.session((async function* () {})())),
  }
  const methods = fc.constantFrom(...(Object.keys(calls) as (keyof typeof calls)[]))
  await check(
    fc.asyncProperty(identifyAnswers, fc.boolean(), methods, async (answer, later, asked) => {
      Object.assign(state, { answer: later ? Promise.resolve(answer) : answer, calls: 0, errors: [] })
      const verdict = verdictOnAnswer(answer)
      const method = verdict === 'principal' ? 'start' : asked
      const error = await calls[method]().then(
        () => undefined,
        (reason: unknown) => ConnectError.from(reason),
      )
      expect(error?.code).toBe(CODES[verdict])
      expect(state.calls).toBe(verdict === 'principal' ? 1 : 0)
      // The fault is the server's: its owner is told which option it is, and the client is not.
      const told = state.errors.map((fault) => isSluiceError(fault) && fault.code)
      expect(told).toEqual(verdict === 'fault' ? ['SLUICE_ERR_OPTION'] : [])
      expect(error?.message ?? '').not.toContain('identify')
    }),
    { numRuns: 300 },
  )
})
