import { createSluice, isSluiceError } from '@sluice/core'
import { createStreamResource, planToResponse, type StreamResource } from '@sluice/http'
import { check, identifyAnswers, verdictOnAnswer } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { CHAT, createRig, saying, toRequest, type Visitor } from '../rig/rig.ts'

const STATUS = { principal: 200, stranger: 401, fault: 500 } as const

/** A resource that finds out of every request what was agreed on, and what its owner was told. */
function createHouse() {
  const sluice = createSluice({ limits: { startsPerSecond: 1_000_000, startBurst: 1_000_000 } })
  const errors: unknown[] = []
  const house = { answer: undefined as unknown, ticketAnswer: undefined as unknown, calls: 0, errors }
  const resource: StreamResource<Visitor> = createStreamResource<Visitor>({
    sluice,
    identify: () => house.answer as never,
    tickets: {
      issue: () => ({ ticket: 't', expiresAtMs: 0 }),
      redeem: () => house.ticketAnswer as never,
    },
    runner: () => (house.calls++, () => ['hi']),
    onError: (error) => errors.push(error),
  })
  const ask = async (method: string, url: string, json?: object): Promise<Response> =>
    planToResponse(await resource.handle(toRequest(method, url, { json, mount: '' })))
  return { house, sluice, ask }
}

test('contract 12: no answer of identify but a principal gets a stream, on any route, at once or later', () => {
  const { house, ask } = createHouse()
  const requests = fc.constantFrom<readonly [string, string, object?]>(
    ['POST', '/streams', { ...CHAT, stream: false }],
    ['POST', '/chat/completions', CHAT],
  )
  return check(
    fc.asyncProperty(identifyAnswers, fc.boolean(), requests, async (answer, later, [method, url, json]) => {
      house.answer = later ? Promise.resolve(answer) : answer
      house.calls = 0
      house.errors.length = 0
      const verdict = verdictOnAnswer(answer)
      const response = await ask(method, url, json)
      const body = await response.text()
      expect(response.status).toBe(STATUS[verdict])
      expect(house.calls).toBe(verdict === 'principal' ? 1 : 0)
      // The fault is the server's: its owner is told which option it is, and the client is not.
      expect(house.errors.map((error) => isSluiceError(error) && error.code)).toEqual(
        verdict === 'fault' ? ['SLUICE_ERR_OPTION'] : [],
      )
      expect(body).not.toContain('identify')
    }),
    { numRuns: 300 },
  )
})

test('contract 12: nothing else that identify or a ticket gives reads, cancels or erases a stream that there is', async () => {
  const { house, sluice, ask } = createHouse()
  const theApplications = await sluice.start(() => ['internal'], { as: 'server', onDisconnect: 'continue' })
  const adas = await sluice.start(() => ['hers'], { as: { owner: 'ada' }, onDisconnect: 'continue' })
  const requests = fc.constantFrom(
    ...[theApplications.id, adas.id].flatMap((id) => [
      ['GET', `/streams/${id}`],
      ['GET', `/streams/${id}?ticket=t`],
      ['POST', `/streams/${id}/cancel`],
      ['DELETE', `/streams/${id}`],
    ]),
  )
  const bad = identifyAnswers.filter((answer) => verdictOnAnswer(answer) !== 'principal')
  await check(
    fc.asyncProperty(bad, requests, async (answer, [method, url]) => {
      house.answer = answer
      house.ticketAnswer = answer
      const response = await ask(method!, url!)
      expect(response.status).toBe(STATUS[verdictOnAnswer(answer)])
      expect(await response.text()).not.toMatch(/internal|hers/)
    }),
    { numRuns: 300 },
  )
})

describe('contract 12: an owner that is spelled "server"', () => {
  test('is refused what is somebody else\u2019s', async () => {
    const { ask } = createRig(saying('hers'))
    const id = (await ask('POST', '/streams', { json: CHAT, owner: 'ada' })).headers.get('sluice-stream-id')
    for (const owner of ['server', 'grace']) {
      expect((await ask('GET', `/streams/${id}`, { owner })).status).toBe(404)
      expect((await ask('POST', `/streams/${id}/cancel`, { owner })).status).toBe(404)
      expect((await ask('DELETE', `/streams/${id}`, { owner })).status).toBe(404)
    }
  })

  test('has the limits of an owner, and a stream of its own', async () => {
    const { ask } = createRig(() => new Promise(() => {}), { sluice: { limits: { streamsPerOwner: 1 } } })
    const json = { ...CHAT, background: true }
    const first = await ask('POST', '/streams', { json, owner: 'server' })
    expect(first.status).toBe(202)
    expect((await ask('POST', '/streams', { json, owner: 'server' })).status).toBe(429)
    const { id } = (await first.json()) as { id: string }
    expect((await ask('POST', `/streams/${id}/cancel`, { owner: 'server' })).status).toBe(200)
  })
})
