import { describe, expect, test } from 'vitest'

import { createHttpRig, submit } from './rig.ts'

describe('operations of AIP-151', () => {
  test('a job that runs is not done; one that succeeded has a response, one that did not an error, never both', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig, { attempts: 1 })
    rig.jobs.work()
    await rig.pass()
    const running = (await (await rig.ask('GET', `/operations/${id}`)).json()) as object
    expect(running).toMatchObject({ name: `operations/${id}`, done: false, metadata: { value: { state: 'running' } } })
    expect(['error', 'response'].filter((name) => name in running)).toEqual([])
    rig.attempts[0]!.say('Hello')
    rig.attempts[0]!.finish()
    await rig.pass()
    const done = (await (await rig.ask('GET', `/operations/${id}`)).json()) as object
    expect(done).toMatchObject({ done: true, response: { value: { text: 'Hello', finishReason: 'stop' } } })
    expect('error' in done).toBe(false)
    const { id: second } = await submit(rig, { attempts: 1 })
    await rig.pass()
    rig.attempts[1]!.fail(new Error('no'))
    await rig.pass()
    const failed = (await (await rig.ask('GET', `/operations/${second}`)).json()) as object
    expect(failed).toMatchObject({ done: true, error: { code: 13, message: 'The source failed.' } })
    expect('response' in failed).toBe(false)
  })

  test('cancelling is code 1; a deletion is for what is over; a wait is given in seconds', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig)
    expect((await rig.ask('DELETE', `/operations/${id}`)).status).toBe(409)
    const waiting = rig.ask('POST', `/operations/${id}:wait`, { json: { timeout: '2.5s' } })
    await rig.pass(2_500)
    expect(await (await waiting).json()).toMatchObject({ done: false })
    expect(await (await rig.ask('POST', `/operations/${id}:cancel`, { json: {} })).json()).toEqual({})
    expect(await (await rig.ask('GET', `/operations/${id}`)).json()).toMatchObject({ done: true, error: { code: 1 } })
    expect((await rig.ask('POST', `/operations/${id}:wait`, { json: { timeout: 5 } })).status).toBe(400)
    expect((await rig.ask('DELETE', `/operations/${id}`)).status).toBe(200)
    expect((await rig.ask('GET', `/operations/${id}`)).status).toBe(404)
  })

  test('are listed with page tokens', async () => {
    const rig = createHttpRig()
    for (let index = 0; index < 3; index++) await submit(rig)
    const first = (await (await rig.ask('GET', '/operations?pageSize=2')).json()) as {
      operations: unknown[]
      nextPageToken: string
    }
    const rest = (await (await rig.ask('GET', `/operations?page_token=${first.nextPageToken}`)).json()) as typeof first
    expect([first.operations.length, rest.operations.length, rest.nextPageToken]).toEqual([2, 1, ''])
  })
})
