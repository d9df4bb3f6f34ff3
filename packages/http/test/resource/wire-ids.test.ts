import { nativeMembers, type Wire } from '@sluice/core/extend'
import { planToResponse, planTokens } from '@sluice/http'
import { expect, test } from 'vitest'

import { createRig, type Rig, saying, toRequest, until } from '../rig/rig.ts'

/** A wire whose ids are no cursors: a line an event, with its epoch and seq before it, and a hash where one begins. */
const numbered: Wire = {
  name: 'numbered',
  contentType: 'text/plain; charset=utf-8',
  resumable: false,
  create: (_, { ids }) => ({
    open: () => '#\n',
    encode: (chunk) =>
      chunk.map(({ event, epoch, seq }) => `${ids ? `${epoch}-${seq} ` : ''}{${nativeMembers(event)}}\n`).join(''),
    closed: ({ code }) => `# ${code}\n`,
    heartbeat: () => '#\n',
  }),
  cursorOfId: (id, streamId) =>
    streamId !== undefined && /^\d+-\d+$/.test(id) ? `${streamId}.${id.replace('-', '.')}` : undefined,
}

/** An ended stream of four events, started on a wire. */
async function ended(wire: Wire | undefined): Promise<Rig & { id: string }> {
  const rig = createRig(saying('one ', 'two ', 'three'), { wires: [numbered] })
  const tokens = { as: { owner: 'ada' }, key: 'k', wire, reader: {} }
  const { stream, ...plan } = await planTokens(
    rig.sluice,
    toRequest('POST', '/chat', {}),
    saying('one ', 'two ', 'three'),
    tokens,
  )
  await planToResponse(plan).text()
  await until(() => rig.sluice.stats().producing === 0)
  return { ...rig, id: stream!.id }
}

const after = (id: string) => ({ headers: { 'last-event-id': id } })
const REST = '#\n1-3 {"text":"three"}\n1-4 {"reason":"stop","complete":true}\n'

test('contract 1: a reader comes back with an id as its wire writes it, on the wire its stream was started on', async () => {
  const { ask, id } = await ended(numbered)
  expect(await (await ask('GET', `/streams/${id}`, after('1-2'))).text()).toBe(REST)
  expect((await ask('GET', `/streams/${id}`, after('1-4'))).status).toBe(204)
  expect((await ask('GET', `/streams/${id}`, after('1-9'))).status).toBe(409)
})

test('contract 1: it comes back the same way on a wire it asks for', async () => {
  const { ask, id } = await ended(undefined)
  expect(await (await ask('GET', `/streams/${id}?wire=numbered`, after('1-2'))).text()).toBe(REST)
  expect((await ask('GET', `/streams/${id}`, after('1-2'))).status).toBe(400)
  expect((await ask('GET', `/streams/${id}?wire=native`, after('1-2'))).status).toBe(400)
})

test('a cursor is an id on every wire, and what no wire writes is none', async () => {
  const { ask, id } = await ended(numbered)
  expect(await (await ask('GET', `/streams/${id}`, after(`${id}.1.2`))).text()).toBe(REST)
  expect((await ask('GET', `/streams/${id}`, after('2'))).status).toBe(400)
  const found = await ask('GET', '/streams?key=k&wire=numbered', after(`${id}.1.2`))
  expect([found.status, found.headers.get('location')]).toEqual([307, `/v1/streams/${id}?wire=numbered`])
})

test('contract 12: an id of a stream that is another\u2019s is answered as one of a stream that is not there', async () => {
  const { ask, id } = await ended(numbered)
  const answers = await Promise.all(
    [id, 'abc', '%20'].map((name) => ask('GET', `/streams/${name}`, { ...after('1-2'), owner: 'grace' })),
  )
  const bodies = await Promise.all(answers.map((answer) => answer.text()))
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
  expect(new Set(bodies).size).toBe(1)
})
