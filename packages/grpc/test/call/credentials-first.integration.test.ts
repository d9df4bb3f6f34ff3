import { create, type DescMessage, toBinary } from '@bufbuild/protobuf'
import { AttachRequestSchema, InfoRequestSchema, SessionRequestSchema, StartRequestSchema } from '@sluice/grpc/v1'
import { once } from 'node:events'
import { expect, test } from 'vitest'

import { frame, openSession } from '../rig/http2-client.ts'
import { type Rig, saying, startHttp1, startRig } from '../rig/rig.ts'

const METHODS = ['Start', 'Attach', 'Cancel', 'Info', 'Session'] as const
const STRANGER = { authorization: 'stranger' }
const NO_MESSAGE = Buffer.from([0xff, 0xff, 0xff])

/** The status of a call over gRPC; `end` false leaves what is sent without an end. */
async function statusOf(rig: Rig, method: string, body: Buffer, { headers = {}, end = true } = {}): Promise<string> {
  const session = openSession(rig.url)
  const path = `/sluice.v1.TokenStreamService/${method}`
  const call = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  let status: unknown
  call.on('error', () => {}).on('response', (head) => (status = head['grpc-status']))
  call.on('trailers', (trailers) => (status ??= trailers['grpc-status']))
  call.write(body)
  if (end) call.end()
  call.resume()
  await once(call, 'close')
  session.destroy()
  return String(status)
}

test.each(METHODS)(
  '%s over gRPC: what is no message is UNAUTHENTICATED without credentials, INVALID_ARGUMENT with them',
  async (method) => {
    await using rig = await startRig(saying('x'))
    for (const body of [
      frame(NO_MESSAGE),
      frame(NO_MESSAGE, 1),
      Buffer.from([0, 0, 0, 0, 9, 1]),
      Buffer.from([0, 255, 255, 255, 255]),
    ]) {
      expect(await statusOf(rig, method, body, { headers: { ...STRANGER, 'grpc-encoding': 'gzip' } })).toBe('16')
      expect(await statusOf(rig, method, body, { headers: { 'grpc-encoding': 'gzip' } })).toBe('3')
    }
    expect(rig.errors).toEqual([])
  },
)

test.each(METHODS)(
  '%s over gRPC: who has no credentials is told before anything of the message is read',
  async (method) => {
    await using rig = await startRig(saying('x'), { server: { maxRequestBytes: 10_000_000 } })
    const announced = Buffer.concat([Buffer.from([0, 0, 128, 0, 0]), Buffer.alloc(1_000)])
    expect(await statusOf(rig, method, announced, { headers: STRANGER, end: false })).toBe('16')
    expect(rig.sluice.bodies.bytes).toBe(0)
  },
)

const JSON_TYPES = ['application/json', 'application/connect+json', 'application/grpc-web+json'] as const
const TYPES = ['application/proto', 'application/connect+proto', 'application/grpc-web+proto', ...JSON_TYPES] as const

test.each(TYPES)('%s over HTTP/1.1: the same, and never an internal error', async (type) => {
  await using rig = await startRig(saying('x'))
  await using http1 = await startHttp1(rig.sluice, saying('x'))
  const isWhole = type === 'application/json' || type === 'application/proto'
  const ask = async (headers: Record<string, string>): Promise<string> => {
    const body = isWhole ? NO_MESSAGE : frame(NO_MESSAGE)
    const url = `${http1.url}/sluice.v1.TokenStreamService/${isWhole ? 'Info' : 'Start'}`
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: Uint8Array.from(body),
    })
    return `${response.status} ${response.headers.get('grpc-status') ?? ''} ${await response.text()}`
  }
  const code = type.includes('grpc-web') ? /grpc-status: ?16|^200 16/ : /"code":"unauthenticated"/
  expect(await ask(STRANGER)).toMatch(code)
  expect(await ask({})).toMatch(type.includes('grpc-web') ? /grpc-status: ?3|^200 3/ : /"code":"invalid_argument"/)
})

test('a message in the query is judged the same', async () => {
  await using rig = await startRig(saying('x'))
  await using http1 = await startHttp1(rig.sluice, saying('x'))
  const ask = (query: string, headers = {}): Promise<Response> =>
    fetch(`${http1.url}/sluice.v1.TokenStreamService/Info?connect=v1&${query}`, { headers })
  expect((await ask('encoding=proto&base64=1&message=____', STRANGER)).status).toBe(401)
  expect((await ask('encoding=proto&base64=1&message=____')).status).toBe(400)
  expect((await ask(`encoding=json&message=${'['.repeat(300)}`)).status).toBe(400)
  expect((await ask(`encoding=json&message=${encodeURIComponent('{"ref":{"key":"none"}}')}`)).status).toBe(404)
  const { id } = await rig.sluice.start(saying('x'), { as: { owner: 'ada' } })
  const known = await ask(`encoding=json&message=${encodeURIComponent(JSON.stringify({ ref: { id } }))}`)
  expect([known.status, ((await known.json()) as { info: { id: string } }).info.id]).toEqual([200, id])
})

const big = { ref: { ref: { case: 'id' as const, value: 'x'.repeat(20_000) } } }
const unfinished: [string, DescMessage, Record<string, unknown>][] = [
  ['Info', InfoRequestSchema, big],
  ['Attach', AttachRequestSchema, big],
  ['Start', StartRequestSchema, { key: 'x'.repeat(20_000) }],
  ['Session', SessionRequestSchema, { stream: 1, request: { case: 'start', value: { key: 'x'.repeat(20_000) } } }],
]

test.each(unfinished)(
  '%s: a message that stops ends DEADLINE_EXCEEDED, one that is too much beside others UNAVAILABLE, and neither is kept',
  async (method, schema, init) => {
    await using rig = await startRig(saying('x'), { sluice: { bodies: { graceMs: 300, totalBytes: 15_000 } } })
    const whole = frame(toBinary(schema, create(schema, init)))
    const small = statusOf(rig, method, whole.subarray(0, 6_000), { end: false })
    await expect.poll(() => rig.sluice.bodies.bytes).toBe(6_000)
    const large = statusOf(rig, method, whole.subarray(0, 18_000), { end: false })
    expect(await large).toBe('14')
    expect(await small).toBe('4')
    expect(rig.sluice.bodies.bytes).toBe(0)
  },
)

test('a deadline that is longer than any timer is none that has passed', async () => {
  await using rig = await startRig(saying('x'))
  await using http1 = await startHttp1(rig.sluice, saying('x'))
  const { id } = await rig.sluice.start(saying('x'), { as: { owner: 'ada' } })
  const info = frame(
    toBinary(InfoRequestSchema, create(InfoRequestSchema, { ref: { ref: { case: 'id', value: id } } })),
  )
  const start = frame(toBinary(StartRequestSchema, create(StartRequestSchema)))
  for (const time of ['99999999H', '99999999M', '99999999S']) {
    expect([time, await statusOf(rig, 'Info', info, { headers: { 'grpc-timeout': time } })]).toEqual([time, '0'])
    expect([time, await statusOf(rig, 'Start', start, { headers: { 'grpc-timeout': time } })]).toEqual([time, '0'])
  }
  const headers = { 'content-type': 'application/json', 'connect-timeout-ms': '9999999999' }
  const response = await fetch(`${http1.url}/sluice.v1.TokenStreamService/Info`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ ref: { id } }),
  })
  expect(response.status).toBe(200)
})
