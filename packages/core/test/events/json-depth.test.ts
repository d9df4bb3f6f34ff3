import { createSluice, isSluiceError, type Json, parseClientOptions, SluiceError, type SourceEvent } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { requireSafeJson } from '../../src/events/json/json-guard.ts'
import { MAX_JSON_DEPTH } from '../../src/events/json/json-limits.ts'

const AS = { owner: 'ada' }

function nested(levels: number): { v: Json } {
  let value: Json = 1
  for (let level = 0; level < levels; level++) value = level % 2 === (levels - 1) % 2 ? { v: value } : [value]
  return value as { v: Json }
}

/** Every place of an event where a source's JSON may stand. */
const EVENTS: Record<string, (json: { v: Json }) => unknown> = {
  data: (data) => ({ type: 'data', name: 'n', data }),
  'a tool result': (result) => ({ type: 'tool', phase: 'result', id: 't', result }),
  'the extra of a text': (extra) => ({ type: 'text', text: 'x', extra }),
  'the extra of a finish': (extra) => ({ type: 'finish', reason: 'stop', extra }),
  usage: (usage) => ({ type: 'usage', usage }),
}

function messageOf(error: unknown): string {
  return isSluiceError(error) ? error.message : String(error)
}

describe('JSON that is nested deeper than one bound is refused where it comes in, by its name', () => {
  test.each(Object.entries(EVENTS))('%s, from a source and from a transform', async (_, event) => {
    for (const transformed of [false, true]) {
      const end = async (levels: number) => {
        const made = event(nested(levels)) as SourceEvent
        const transforms = transformed
          ? [
              () => ({
                transform: (given: SourceEvent) => [given.type === 'text' && given.text === '?' ? made : given],
              }),
            ]
          : []
        const sluice = createSluice({ transforms })
        const stream = await sluice.start(() => [transformed ? '?' : made], { as: AS, onDisconnect: 'continue' })
        return stream.ended
      }
      expect(await end(MAX_JSON_DEPTH)).toMatchObject({ reason: 'stop', complete: true })
      const refused = await end(MAX_JSON_DEPTH + 1)
      expect(refused).toMatchObject({ reason: 'error', error: { code: 'SLUICE_ERR_SOURCE_ITEM' } })
      expect(refused.error?.message).toContain(`nested deeper than ${MAX_JSON_DEPTH} levels`)
    }
  })

  test.each<[string, (json: { v: Json }) => unknown]>([
    ['meta, where a stream is started', (meta) => createSluice().start(() => ['x'], { as: AS, meta })],
    ['meta, where a client says it', async (meta) => parseClientOptions({ meta })],
    [
      'the input of a named source',
      (input) => createSluice({ sources: { echo: () => ['x'] } }).start({ name: 'echo', input }, { as: AS }),
    ],
    ['a body or message', async (body) => requireSafeJson(body, 'The body')],
  ])('%s', async (_, take) => {
    await take(nested(MAX_JSON_DEPTH))
    const error = await Promise.resolve(take(nested(MAX_JSON_DEPTH + 1))).catch((thrown: unknown) => thrown)
    expect(messageOf(error)).toContain(`${MAX_JSON_DEPTH} levels`)
  })

  test('what is so deep that not every runtime can write it', async () => {
    // From Node 26 on it can be written; then it is short enough, and too deep.
    const sluice = createSluice({ stream: { maxDataBytes: 1024 * 1024 } })
    const stream = await sluice.start(() => [{ type: 'data', name: 'n', data: nested(100_000) } as never], { as: AS })
    expect((await stream.ended).error?.message).toContain(`${MAX_JSON_DEPTH} levels`)
  })

  test('what a backend says beside an error is left out: the error is worth more', async () => {
    for (const [levels, kept] of [
      [MAX_JSON_DEPTH, true],
      [MAX_JSON_DEPTH + 1, false],
    ] as const) {
      const extra = nested(levels)
      const stream = await createSluice().start(
        () => {
          throw new SluiceError('SLUICE_ERR_BACKEND', 'No.', { extra })
        },
        { as: AS },
      )
      expect((await stream.ended).error).toMatchObject({ message: 'No.', extra: kept ? extra : undefined })
    }
  })
})
