import { createSluice, type SluiceError } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import createFastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'

import { saying, textIn } from './chat-app.ts'

const identify = () => ({ owner: 'ada' })

describe('in a scope with a prefix', () => {
  test.each([
    ['/api', ''],
    ['/api', '/v1'],
    ['/api/inner', '/v1'],
  ])('%s, mounted at %j, it serves below both, and says so', async (prefix, mount) => {
    const app = createFastify()
    const sluice = createSluice()
    void app.register(
      (scope, _options, done) => {
        void scope.register(sluicePlugin, { sluice, identify, mount })
        scope.get('/chat', (_, reply) => reply.tokens(saying('a').source))
        done()
      },
      { prefix },
    )
    const answer = await app.inject({ url: `${prefix}/chat` })
    const location = String(answer.headers['content-location'])
    expect(location).toMatch(new RegExp(`^${prefix}${mount}/streams/\\w+$`))
    expect(textIn((await app.inject({ url: location })).body)).toBe('a')
    await app.close()
  })

  test('two scopes have a plugin each', async () => {
    const app = createFastify()
    for (const prefix of ['/a', '/b']) {
      void app.register(
        (scope, _options, done) => {
          void scope.register(sluicePlugin, { sluice: createSluice(), identify })
          scope.get('/chat', (_, reply) => reply.tokens(saying(prefix).source))
          done()
        },
        { prefix },
      )
    }
    for (const prefix of ['/a', '/b']) {
      const answer = await app.inject({ url: `${prefix}/chat` })
      const read = await app.inject({ url: String(answer.headers['content-location']) })
      expect(textIn(read.body)).toBe(prefix)
    }
    await app.close()
  })
})

test('behind a proxy that strips a path, a stream is where the server says it is seen', async () => {
  const app = createFastify()
  void app.register(sluicePlugin, { sluice: createSluice(), identify, mount: '/v1', publicMount: '/chat/v1' })
  app.get('/ask', (_, reply) => reply.tokens(saying('a').source))
  const answer = await app.inject({ url: '/ask' })
  expect(answer.headers['content-location']).toMatch(/^\/chat\/v1\/streams\//)
  const stripped = String(answer.headers['content-location']).replace('/chat', '')
  expect(textIn((await app.inject({ url: stripped })).body)).toBe('a')
  await app.close()
})

describe('what cannot be mounted is an error of ready(), which names it', () => {
  const options = { sluice: createSluice(), identify }
  test.each<[string, (app: FastifyInstance) => void, string]>([
    ['a second registration', (app) => void app.register(sluicePlugin, { ...options, mount: '/b' }), 'registered'],
    [
      'one below it',
      (app) =>
        void app.register((scope, _, done) => {
          void scope.register(sluicePlugin, { ...options, mount: '/b' })
          done()
        }),
      'registered',
    ],
    ['a route of the application where streams are', (app) => void app.get('/v1/streams', () => 'mine'), 'streams'],
  ])('%s', async (_, more, named) => {
    const app = createFastify()
    void app.register(sluicePlugin, { ...options, mount: '/v1' })
    more(app)
    await expect(Promise.resolve(app.ready())).rejects.toThrow(named)
  })

  test.each([
    [{ mount: 'v1' }, '"mount"'],
    [{ mount: '/v1/' }, '"mount"'],
    [{ publicMount: 'chat' }, '"publicMount"'],
    [{ publicMount: 'https://api.example/' }, '"publicMount"'],
    [{ prefix: '/v1' }, 'mount'],
  ])('%j', async (wrong, named) => {
    const app = createFastify()
    void app.register(sluicePlugin, { ...options, ...wrong })
    const error = await Promise.resolve(app.ready()).then(
      () => undefined,
      (caught: unknown) => caught as SluiceError,
    )
    expect([error?.code, error?.message]).toEqual(['SLUICE_ERR_OPTION', expect.stringContaining(named)])
  })
})
