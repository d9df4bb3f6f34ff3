import type { SluiceError } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { answering } from '../rig/answering.ts'
import { chunk, DONE } from '../rig/fake-backend.ts'
import { readUntilError } from '../rig/reading.ts'

describe('causes', () => {
  test('the code of what kept the backend from being reached is told, and nothing else of it', async () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:8000'), { code: 'ECONNREFUSED' })
    const told: [SluiceError, string][] = []
    const source = openAiChatSource({
      baseUrl: 'http://backend/v1',
      body: {},
      fetch: async () => Promise.reject(new TypeError('fetch failed', { cause })),
      onFailure(error, stream) {
        told.push([error, stream])
        throw new Error('An observer must not matter')
      },
    })
    const { error } = await readUntilError(source)
    expect((error as Error).message).toBe('The backend could not be reached (ECONNREFUSED).')
    expect((error as Error).cause).toMatchObject({ cause })
    expect(told).toEqual([[error, 's1']])
  })

  test('so is that of what broke the answer off', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
      },
    })
    const told: SluiceError[] = []
    const fetch = async (): Promise<Response> =>
      new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    const source = openAiChatSource({
      baseUrl: 'http://backend/v1',
      body: {},
      fetch,
      onFailure: (error) => void told.push(error),
    })
    const { error } = await readUntilError(source)
    expect((error as Error).message).toContain('(ECONNRESET)')
    expect(told).toEqual([error])
  })

  test('an answer that is whole, and an abort, are no failures', async () => {
    const told: SluiceError[] = []
    const onFailure = (error: SluiceError): void => void told.push(error)
    const whole = answering([chunk({ content: 'a' }), DONE])
    await readUntilError(openAiChatSource({ baseUrl: 'http://backend/v1', body: {}, fetch: whole, onFailure }))
    expect(told).toEqual([])
  })
})
