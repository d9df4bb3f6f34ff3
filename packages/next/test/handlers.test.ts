import { createSluice, type Sluice } from '@sluice/core'
import { sluiceHandlers, type SluiceHandlersOptions } from '@sluice/next'
import { NextRequest } from 'next/server.js'
import { afterEach, describe, expect, test, vi } from 'vitest'

const identify = () => ({ owner: 'ada' })
/** Every test has a process of its own, as far as the handlers know. */
let name = 0
const optionsOf = (more: Partial<SluiceHandlersOptions> = {}): SluiceHandlersOptions => ({
  sluice: () => createSluice(),
  identify,
  name: String(name++),
  ...more,
})

afterEach(() => vi.unstubAllEnvs())

function ask(path: string, init?: { method: string; body: string }): NextRequest {
  return new NextRequest(`http://localhost${path}`, { ...init, headers: { 'content-type': 'application/json' } })
}

describe('the sluice of a process', () => {
  test('is made by the first request, not by a build that loads the module', async () => {
    const make = vi.fn<() => Sluice>(() => createSluice())
    const { GET } = sluiceHandlers(optionsOf({ sluice: make }))
    expect(make).not.toHaveBeenCalled()
    expect((await GET(ask('/streams/x'))).status).toBe(404)
    expect(make).toHaveBeenCalledTimes(1)
  })

  test('is one for every bundle, and over every version of a module in development', async () => {
    const made: Sluice[] = []
    const options = optionsOf({
      sluice: () => {
        const sluice = createSluice()
        made.push(sluice)
        return sluice
      },
      mount: '/v1',
    })
    const before = sluiceHandlers(options)
    const stream = await before.tokens(ask('/chat'), () => ['a'])
    vi.resetModules()
    const { sluiceHandlers: anew } = await import('@sluice/next')
    expect(anew).not.toBe(sluiceHandlers)
    const after = anew(options)
    expect(after.sluice()).toBe(made[0])
    const location = stream.headers.get('content-location')!
    expect(await (await after.GET(ask(location))).text()).toContain('{"text":"a"}')
    expect(made).toHaveLength(1)
  })

  test('is another one for another name', () => {
    expect(sluiceHandlers(optionsOf()).sluice()).not.toBe(sluiceHandlers(optionsOf()).sluice())
  })

  test('tells onSourceError what a source threw', async () => {
    const told: unknown[] = []
    const { tokens } = sluiceHandlers(optionsOf({ onSourceError: (error) => void told.push((error as Error).message) }))
    const answer = await tokens(ask('/chat'), () => {
      throw new Error('secret')
    })
    expect([answer.status, told]).toEqual([502, ['secret']])
  })
})

test.each<[string, Partial<SluiceHandlersOptions>, Record<string, string>, number]>([
  ['memory on a platform of several instances', {}, { VERCEL: '1' }, 1],
  ['memory on another one', {}, { AWS_LAMBDA_FUNCTION_NAME: 'chat' }, 1],
  ['memory on a server', {}, {}, 0],
  ['a store that is shared', { sluice: () => shared() }, { VERCEL: '1' }, 0],
])('%s: warnings', (_, more, environment, warnings) => {
  for (const sign of ['VERCEL', 'AWS_LAMBDA_FUNCTION_NAME', 'NETLIFY', 'K_SERVICE']) vi.stubEnv(sign, undefined)
  for (const [variable, value] of Object.entries(environment)) vi.stubEnv(variable, value)
  const onWarning = vi.fn<(message: string) => void>()
  const options = optionsOf({ ...more, onWarning })
  sluiceHandlers(options).sluice()
  // Another bundle of the same process.
  sluiceHandlers(options).sluice()
  expect(onWarning).toHaveBeenCalledTimes(warnings)
})

function shared(): Sluice {
  return Object.defineProperty(createSluice(), 'shared', { value: true })
}

test.each([
  [{ mount: 'v1' }, '"mount"'],
  [{ sluice: createSluice() as never }, '"sluice"'],
  [{ identify: 'nobody' as never }, '"identify"'],
])('the options %j are refused at once', (wrong, named) => {
  expect(() => sluiceHandlers(optionsOf(wrong))).toThrow(named)
})

test('a failure that is not for clients is the route’s, which Next.js answers', async () => {
  const { tokens } = sluiceHandlers(optionsOf())
  await expect(tokens(ask('/chat'), () => [], { windowBytes: -1 })).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
})
