import type { SourceContext } from '@sluice/core'
import { createTickets } from '@sluice/websocket'
import { afterEach, describe, expect, test } from 'vitest'

import { refusedWith, SocketClient, type SocketRig, startRig } from './rig/socket-rig.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

const PAGE = 'https://app.example'
const tickets = createTickets({ secret: 'a secret of thirty-two bytes, or more' })

async function* slow({ signal }: SourceContext): AsyncGenerator<string> {
  yield 'first'
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

describe('a page', () => {
  const byCookie = { cookie: 'session=1' }
  test.each([
    ['of an allowed origin, with a cookie', [PAGE], { origin: PAGE, ...byCookie }, 101],
    ['of another origin', [PAGE], { origin: 'https://evil.example', ...byCookie }, 403],
    ['of an origin that begins alike', [PAGE], { origin: `${PAGE}.evil.example`, ...byCookie }, 403],
    ['of another scheme', [PAGE], { origin: 'http://app.example' }, 403],
    ['in a sandbox', [PAGE], { origin: 'null' }, 403],
    ['in a sandbox, where such are allowed', ['null'], { origin: 'null' }, 101],
    ['of an app', ['tauri://localhost'], { origin: 'tauri://localhost', ...byCookie }, 101],
    ['when none is allowed', [], { origin: PAGE }, 403],
    ['when all are, with a token', '*' as const, { origin: PAGE, ...byCookie, authorization: 'Bearer x' }, 101],
  ])('%s', async (_, origins, headers: Record<string, string>, status) => {
    rig = await startRig({ origins })
    expect(await refusedWith(rig.url, ['sluice.v1'], headers)).toBe(status)
  })

  test('that this very server has served needs no entry, unless its name may have been pointed at loopback', async () => {
    const cookie = { cookie: 'session=1' }
    const open = async (host: string, scheme = 'http'): Promise<number> =>
      refusedWith(rig!.url, ['sluice.v1'], { host, origin: `${scheme}://${host}`, ...cookie })
    rig = await startRig({ origins: [] })
    for (const host of ['localhost:8080', 'api.localhost', '127.0.0.1:8080', '[::1]:8080'])
      expect(await open(host)).toBe(101)
    expect(await open('app.example')).toBe(403)
    await rig[Symbol.asyncDispose]()
    rig = await startRig({ origins: [], hosts: ['app.example'] })
    for (const host of ['127.0.0.1:8080', 'app.example', 'app.example:8080']) expect(await open(host)).toBe(101)
    expect(await open('localhost:8080')).toBe(403)
    expect(await open('app.example', 'https')).toBe(101)
    expect(await open('evil.example:8080')).toBe(403)
    expect(await refusedWith(rig.url, ['sluice.v1'], { host: 'app.example', origin: 'https://evil.example' })).toBe(403)
  })
})

describe('reliability S7: what shows a token, and an origin that is not allowed', () => {
  const origin = 'https://evil.example'
  const byBearer = (_: unknown, { bearer }: { bearer: string | undefined }) =>
    bearer === 'right' ? { owner: 'ada' } : undefined

  test('is let in for the token: native clients send an origin, too', async () => {
    rig = await startRig({ origins: [PAGE], identify: byBearer })
    expect(await refusedWith(rig.url, ['sluice.v1'], { origin, authorization: 'Bearer right' })).toBe(101)
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.right'], { origin })).toBe(101)
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.wrong'], { origin })).toBe(401)
    expect(await refusedWith(rig.url, ['sluice.v1'], { origin, authorization: 'Basic right' })).toBe(403)
  })

  test('is not where a token is not asked for: a page could make one up', async () => {
    rig = await startRig({ origins: [PAGE], identify: () => ({ owner: 'everyone' }) })
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.x'], { origin })).toBe(403)
    expect(await refusedWith(rig.url, ['sluice.v1', 'ticket.x'], { origin })).toBe(403)
  })

  test('has no cookie looked at beside it', async () => {
    rig = await startRig({
      origins: [PAGE],
      identify: ({ headers }, { bearer }) =>
        headers.cookie === 'session=ada' || bearer === 'right' ? { owner: 'ada' } : undefined,
    })
    const cookie = 'session=ada'
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.junk'], { origin, cookie })).toBe(401)
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.right'], { origin, cookie })).toBe(101)
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.junk'], { origin: PAGE, cookie })).toBe(101)
  })
})

test('reliability S7: where all pages are allowed a cookie says nothing, not even beside a token that is made up', async () => {
  const byCookie = { cookie: 'session=ada', origin: 'https://evil.example' }
  rig = await startRig({
    origins: '*',
    identify: ({ headers }, { bearer }) =>
      headers.cookie === 'session=ada' || bearer === 'right' ? { owner: 'ada' } : undefined,
  })
  expect(await refusedWith(rig.url, ['sluice.v1'], byCookie)).toBe(401)
  expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.junk'], byCookie)).toBe(401)
  expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.right'], byCookie)).toBe(101)
})

test.each(['server', 'ada', ['ada'], {}, { owner: '' }, { owner: 'ada\uD800' }])(
  'contract 12: an answer of %j opens no socket, renews no credential, and is told to nobody but the owner of the server',
  async (answer) => {
    let answers: unknown = { owner: 'ada' }
    rig = await startRig({ identify: () => answers as never, tickets: { redeem: () => answer as never } })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'authenticate', ref: 'a', ticket: 't' })
    expect(await client.hear('refused')).toMatchObject({ ref: 'a', code: 'SLUICE_ERR_INTERNAL' })
    expect(rig.errors.map(String).join()).toContain('"tickets.redeem" gave')
    answers = answer
    expect(await refusedWith(rig.url, ['sluice.v1'])).toBe(500)
    expect(rig.errors.map(String).join()).toContain('"identify" gave')
    expect(rig.handler.size).toBe(1)
  },
)

describe('what is no page', () => {
  test('needs no origin, but more than a cookie', async () => {
    rig = await startRig({ origins: [PAGE] })
    expect(await refusedWith(rig.url, ['sluice.v1'])).toBe(101)
    expect(await refusedWith(rig.url, ['sluice.v1'], { cookie: 'session=1' })).toBe(403)
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.t'], { cookie: 'session=1' })).toBe(101)
  })

  test('must offer the subprotocol', async () => {
    rig = await startRig()
    expect(await refusedWith(rig.url, [])).toBe(400)
    expect(await refusedWith(rig.url, ['chat', 'sluice.v2'])).toBe(400)
  })

  test('is refused as a stranger when identify does not know it, throws, or says that it has expired', async () => {
    rig = await startRig({
      identify(request) {
        if (request.url === '/throws') throw new Error('secret')
        return request.url === '/expired' ? { owner: 'ada', expiresAtMs: Date.now() - 1 } : undefined
      },
    })
    expect(await refusedWith(rig.url, ['sluice.v1'])).toBe(401)
    expect(await refusedWith(`${rig.url}expired`, ['sluice.v1'])).toBe(401)
    expect(await refusedWith(`${rig.url}throws`, ['sluice.v1'])).toBe(500)
    expect(rig.errors.map(String)).toContain('Error: secret')
    expect(rig.handler.size).toBe(0)
  })

  test('shows a bearer token as a subprotocol, which is never echoed', async () => {
    rig = await startRig({ identify: (_, { bearer }) => (bearer === 'eyJ.x-y_z' ? { owner: 'ada' } : undefined) })
    const client = await SocketClient.open(rig.url, { protocols: ['bearer.eyJ.x-y_z', 'sluice.v1'] })
    expect(client.ws.protocol).toBe('sluice.v1')
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.other'])).toBe(401)
    expect(await refusedWith(rig.url, ['sluice.v1', 'bearer.'])).toBe(401)
  })
})

test('a page of localhost, where that is no name of this server, is let in for a ticket; one of elsewhere is not', async () => {
  rig = await startRig({ identify: () => ({ owner: 'everyone' }), tickets, hosts: ['chat.example'] })
  const local = { host: 'localhost:8080', origin: 'http://localhost:8080' }
  const shown = ['sluice.v1', `ticket.${tickets.issue({ owner: 'everyone' }).ticket}`]
  expect(await refusedWith(rig.url, ['sluice.v1'], local)).toBe(403)
  expect(await refusedWith(rig.url, shown, { ...local, origin: 'http://localhost:1' })).toBe(403)
  expect(await refusedWith(rig.url, shown, { host: 'evil.example', origin: 'http://evil.example' })).toBe(403)
  expect(await refusedWith(rig.url, shown, local)).toBe(101)
  expect(await refusedWith(rig.url, shown, local)).toBe(401)
})

describe('a ticket', () => {
  const strangers = { identify: () => undefined, tickets }

  test('opens one socket', async () => {
    rig = await startRig({ ...strangers, run: () => slow })
    const { ticket } = tickets.issue({ owner: 'ada' })
    const client = await SocketClient.open(rig.url, { protocols: ['sluice.v1', `ticket.${ticket}`] })
    expect(client.ws.protocol).toBe('sluice.v1')
    client.say({ type: 'start', ref: 'a', body: {} })
    const { stream } = await client.hear('opened')
    expect(await rig.sluice.info({ id: stream }, { as: { owner: 'ada' } })).toMatchObject({ id: stream })
    expect(await refusedWith(rig.url, ['sluice.v1', `ticket.${ticket}`])).toBe(401)
  })

  test('that was replayed at the same moment opens one socket all the same', async () => {
    rig = await startRig(strangers)
    const { ticket } = tickets.issue({ owner: 'ada' })
    const { url } = rig
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => refusedWith(url, ['sluice.v1', `ticket.${ticket}`])),
    )
    expect(answers.toSorted()).toEqual([101, 401, 401, 401, 401])
  })

  test('is not taken where none are', async () => {
    rig = await startRig({ identify: () => ({ owner: 'everyone' }) })
    const { ticket } = tickets.issue({ owner: 'ada' })
    expect(await refusedWith(rig.url, ['sluice.v1', `ticket.${ticket}`])).toBe(401)
  })
})

describe('a credential that expires', () => {
  test('reliability S5: ends readings with `unauthorized` and the socket with 1008; cursors stay good', async () => {
    rig = await startRig({ identify: () => ({ owner: 'ada', expiresAtMs: Date.now() + 2_000 }), run: () => slow })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { stream, cursor } = await client.hear('text')
    expect(await client.hear('closed')).toEqual({ type: 'closed', stream, ref: 'a', code: 'unauthorized', cursor })
    expect(await client.closed).toEqual({ code: 1008, reason: 'SLUICE_ERR_UNAUTHORIZED' })
    const second = await SocketClient.open(rig.url)
    second.say({ type: 'attach', ref: 'b', cursor })
    expect(await second.hear('opened')).toMatchObject({ stream, cursor })
  })

  test('is renewed by a fresh ticket of the same principal, and by no other', async () => {
    rig = await startRig({
      identify: () => ({ owner: 'ada', expiresAtMs: Date.now() + 3_000 }),
      tickets,
      run: () => slow,
    })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'authenticate', ref: 'bob', ticket: tickets.issue({ owner: 'bob' }).ticket })
    expect(await client.hear('refused')).toMatchObject({ ref: 'bob', code: 'SLUICE_ERR_UNAUTHORIZED' })
    const expiresAtMs = Date.now() + 6_000
    const { ticket } = tickets.issue({ owner: 'ada', expiresAtMs })
    client.say({ type: 'authenticate', ref: 'ada', ticket })
    expect(await client.hear('authenticated')).toEqual({ type: 'authenticated', ref: 'ada', expiresAtMs })
    client.say({ type: 'authenticate', ref: 'again', ticket })
    expect(await client.hear('refused', ({ ref }) => ref === 'again')).toMatchObject({
      code: 'SLUICE_ERR_UNAUTHORIZED',
    })
    expect(await client.closed).toMatchObject({ code: 1008 })
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAtMs - 5)
  })
})

test('contract 6: no more sockets are opened than may be', async () => {
  rig = await startRig({ limits: { maxSockets: 2 } })
  const clients = [await SocketClient.open(rig.url), await SocketClient.open(rig.url)]
  expect(await refusedWith(rig.url, ['sluice.v1'])).toBe(503)
  clients[0]!.ws.close()
  await clients[0]!.closed
  await expect.poll(() => rig!.handler.size).toBe(1)
  expect(await refusedWith(rig.url, ['sluice.v1'])).toBe(101)
})
