import { describe, expect, test } from 'vitest'

import { answerAttach } from '../../src/reading/attach-answer.ts'
import { createRig, createScript, eventsOf, type Rig, textOf, until } from '../rig/rig.ts'

/** A stream of four events of which the first were trimmed, running or cancelled (so that its end has epoch 2). */
async function arrange(state: 'running' | 'ended'): Promise<{ rig: Rig; id: string; last: number; epoch: number }> {
  const script = createScript()
  const rig = createRig(script.source, {
    sluice: {
      stream: { onDisconnect: 'continue', retentionBytes: 2048, windowBytes: 1024, maxEventBytes: 512 },
    },
  })
  script.open()
  const stream = await rig.sluice.start(script.source, { as: { owner: 'ada' } })
  const LAST = 40
  for (let seq = 1; seq <= LAST; seq++) script.give(`${seq},`.padEnd(100, '.'))
  await until(() => stream.cursor.endsWith(`.${LAST}`))
  if (state === 'running') return { rig, id: stream.id, last: LAST, epoch: 1 }
  await stream.cancel()
  return { rig, id: stream.id, last: LAST + 1, epoch: 2 }
}

/** What the cursor is, how it is written, its statuses when running and when ended, the code. */
type Row = [string, (at: { id: string; epoch: number; last: number }) => string, number, number, string | undefined]

const HEADER = (cursor: string): Record<string, string> => ({ 'last-event-id': cursor })

describe.each(['running', 'ended'] as const)('a cursor into a stream that has %s', (state) => {
  test.each([
    ['within the log', ({ id }) => `${id}.1.39`, 200, 200, undefined],
    ['at its end', ({ id, epoch, last }) => `${id}.${epoch}.${last}`, 200, 204, undefined],
    ['now', () => 'now', 200, 204, undefined],
    ['ahead by seq', ({ id, epoch, last }) => `${id}.${epoch}.${last + 1}`, 409, 409, 'SLUICE_ERR_CURSOR_AHEAD'],
    ['ahead by epoch', ({ id, epoch }) => `${id}.${epoch + 1}.39`, 409, 409, 'SLUICE_ERR_CURSOR_AHEAD'],
    ['ahead by all there is', ({ id }) => `${id}.1.9007199254740991`, 409, 409, 'SLUICE_ERR_CURSOR_AHEAD'],
    ['of a superseded epoch', ({ id }) => `${id}.1.41`, 409, 409, 'SLUICE_ERR_CURSOR_AHEAD'],
    ['before the trimmed head', ({ id }) => `${id}.1.1`, 410, 410, 'SLUICE_ERR_CURSOR_TRIMMED'],
    ['at the trimmed beginning', ({ id }) => `${id}.1.0`, 410, 410, 'SLUICE_ERR_CURSOR_TRIMMED'],
    ['of another stream', () => `${'0'.repeat(26)}.1.3`, 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
    ['with one dot', ({ id }) => `${id}.1`, 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
    ['with a negative seq', ({ id }) => `${id}.1.-1`, 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
    ['with a seq of 2^53', ({ id }) => `${id}.1.9007199254740992`, 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
    ['with a seq of 2^64', ({ id }) => `${id}.1.18446744073709551616`, 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
    ['with NaN', ({ id }) => `${id}.1.NaN`, 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
    ['of UTF-8 bytes', ({ id }) => `${id}.1.\u00c3\u00a9`, 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
    ['of a megabyte', () => 'x'.repeat(2 ** 20), 400, 400, 'SLUICE_ERR_CURSOR_MALFORMED'],
  ] as Row[])('%s', async (...[, write, running, ended, code]) => {
    const { rig, ...at } = await arrange(state)
    const cursor = write(at)
    const status = state === 'running' ? running : ended
    const expected = { status, code, end: status === 204 ? 'cancelled' : null }
    const url = `/streams/${at.id}`
    for (const ask of [
      () => rig.ask('GET', url, { headers: HEADER(cursor) }),
      () => rig.ask('GET', `${url}?after=${encodeURIComponent(cursor)}`),
      () => rig.ask('GET', `${url}?after=garbage`, { headers: HEADER(cursor) }),
      () => rig.ask('GET', `${url}?after=garbage&lastEventId=${encodeURIComponent(cursor)}`),
      () => rig.ask('GET', `${url}?lastEventId=garbage`, { headers: HEADER(cursor) }),
    ]) {
      const response = await ask()
      const told = status >= 400 ? ((await response.json()) as { code: string }).code : undefined
      expect({ status: response.status, code: told, end: response.headers.get('sluice-end') }).toEqual(expected)
      await response.body?.cancel().catch(() => {})
    }
  })

  test('none, in the path or beside it: from the oldest event', async () => {
    const { rig, id } = await arrange(state)
    const response = await rig.ask('GET', `/streams/${id}`)
    expect(response.status).toBe(200)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let bytes = ''
    while (!bytes.includes('40,')) bytes += (await reader.read()).value ?? ''
    await reader.cancel()
    const oldest = Number(/"text":"(\d+),/.exec(bytes)![1])
    expect(oldest).toBeGreaterThan(2)
    expect(bytes).toContain(`"cursor":"${id}.1.${oldest - 1}"`)
    const before = await rig.ask('GET', `/streams/${id}?after=${id}.1.${oldest - 2}`)
    expect(before.status).toBe(410)
  })

  test('unknown, forbidden and erased streams', async () => {
    const { rig, id } = await arrange(state)
    const unknown = await rig.ask('GET', `/streams/${'0'.repeat(26)}`, { headers: HEADER(`${'0'.repeat(26)}.1.1`) })
    const forbidden = await rig.ask('GET', `/streams/${id}`, { owner: 'grace', headers: HEADER('garbage') })
    expect([unknown.status, forbidden.status]).toEqual([404, 404])
    expect(await forbidden.text()).toBe(await unknown.text())
    expect((await rig.ask('DELETE', `/streams/${id}`)).status).toBe(200)
    expect((await rig.ask('GET', `/streams/${id}`, { owner: 'grace' })).status).toBe(404)
    for (const headers of [{}, HEADER(`${id}.1.39`), HEADER('garbage')]) {
      const erased = await rig.ask('GET', `/streams/${id}`, { headers })
      expect([erased.status, await erased.json()]).toMatchObject([410, { code: 'SLUICE_ERR_GONE' }])
    }
  })
})

test('a cursor goes wherever an id does', async () => {
  const { rig, id } = await arrange('ended')
  const rest = await rig.ask('GET', `/streams/${id}.1.39`)
  expect(textOf(await eventsOf(rest))).toBe('40,'.padEnd(100, '.'))
  const over = await rig.ask('GET', `/streams/${id}.2.41`)
  expect(over.status).toBe(204)
  expect((await rig.ask('POST', `/streams/${id}.1.39/cancel`)).status).toBe(200)
  expect((await rig.ask('GET', `/streams/${id}.x.39`)).status).toBe(400)
})

test('the header wins over ?after=, which wins over the path', async () => {
  const { rig, id } = await arrange('ended')
  const byQuery = await rig.ask('GET', `/streams/${id}.1.37?after=${id}.1.39`)
  expect(textOf(await eventsOf(byQuery))).toBe('40,'.padEnd(100, '.'))
  const byHeader = await rig.ask('GET', `/streams/${id}.1.37?after=${id}.1.38`, { headers: HEADER(`${id}.2.41`) })
  expect(byHeader.status).toBe(204)
})

describe('the answer to an attach', () => {
  const end = { type: 'end', reason: 'length', complete: true } as const

  test.each([
    ['a running stream', { stream: { end: undefined, exhausted: false } }, { is: 'stream', status: 200 }],
    ['an ended stream with a rest', { stream: { end, exhausted: false } }, { is: 'stream', status: 200 }],
    ['an ended stream without', { stream: { end, exhausted: true } }, { is: 'over', status: 204, reason: 'length' }],
    ['a permanent refusal', { error: { status: 404 } }, { is: 'refused', status: 404 }],
    ['too many requests', { error: { status: 429 } }, { is: 'later', status: 200, retryMs: 5000 }],
    ['overload', { error: { status: 503, retryAfterMs: 9000.5 } }, { is: 'later', status: 200, retryMs: 9001 }],
    ['a short overload', { error: { status: 503, retryAfterMs: 10 } }, { is: 'later', status: 200, retryMs: 5000 }],
    ['a failed backend', { error: { status: 502 } }, { is: 'refused', status: 502 }],
  ] as const)('%s', (_, outcome, answer) => {
    expect(answerAttach(outcome, true)).toEqual(answer)
    const strict =
      answer.is === 'later' && 'error' in outcome ? { is: 'refused', status: outcome.error.status } : answer
    expect(answerAttach(outcome, false)).toEqual(strict)
  })
})
