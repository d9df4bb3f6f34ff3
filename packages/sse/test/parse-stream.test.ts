import { parseSse, type SseBody, type SseEvent } from '@sluice/sse'
import { describe, expect, it, test } from 'vitest'

const encoder = new TextEncoder()

async function* piecesOf(...pieces: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* pieces
}

async function burstsOf(body: SseBody): Promise<string[][]> {
  const bursts: string[][] = []
  for await (const events of parseSse(body)) bursts.push(events.map(({ data }) => data))
  return bursts
}

test('yields the events of one piece together, and nothing for a piece that completes none', async () => {
  const body = piecesOf('data: a\n\ndata: b\n\nda', 'ta: c', '\n\n', encoder.encode('data: d\n\n'))
  expect(await burstsOf(body)).toEqual([['a', 'b'], ['c'], ['d']])
})

test('reads the body of a Response', async () => {
  const { body } = new Response('id: 7\nevent: x\ndata: é\n\n')
  const events: SseEvent[] = []
  for await (const burst of parseSse(body!)) events.push(...burst)
  expect(events).toEqual([{ id: '7', event: 'x', data: 'é' }])
})

test('returns whether the end cut an event', async () => {
  const whole = parseSse(piecesOf('data: a\n\n'))
  await whole.next()
  expect(await whole.next()).toEqual({ done: true, value: { discarded: false } })
  const cut = parseSse(piecesOf('data: a\n'))
  expect(await cut.next()).toEqual({ done: true, value: { discarded: true } })
})

test('yields what came before a broken limit, then throws', async () => {
  const events = parseSse(piecesOf('data: a\n\ndata: 456789\n\n'), { maxLineChars: 10 })
  expect(await events.next()).toMatchObject({ done: false, value: [{ data: 'a' }] })
  await expect(events.next()).rejects.toMatchObject({ code: 'SLUICE_ERR_PARSE' })
})

test('an error of the body is passed on', async () => {
  async function* failing(): AsyncGenerator<string> {
    yield 'data: a\n\n'
    throw new RangeError('cut')
  }
  await expect(burstsOf(failing())).rejects.toThrow(RangeError)
})

describe('leaving the loop', () => {
  /** A stream that never ends, as it is, and as browsers without iteration know it. */
  function endless(iterable: boolean): { body: SseBody; cancelled: () => boolean } {
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(encoder.encode('data: a\n\n')),
      cancel() {
        cancelled = true
      },
    })
    const plain = { getReader: () => body.getReader() } as ReadableStream<Uint8Array>
    return { body: iterable ? body : plain, cancelled: () => cancelled }
  }

  it.each([true, false])('cancels the body (iterable: %s)', async (iterable) => {
    const { body, cancelled } = endless(iterable)
    for await (const [event] of parseSse(body)) {
      expect(event?.data).toBe('a')
      break
    }
    expect(cancelled()).toBe(true)
  })

  it('returns from the source it iterates', async () => {
    let returned = false
    async function* source(): AsyncGenerator<string> {
      try {
        while (true) yield 'data: a\n\n'
      } finally {
        returned = true
      }
    }
    for await (const _ of parseSse(source())) break
    expect(returned).toBe(true)
  })
})

test('reads to the end where streams cannot be iterated', async () => {
  const body = new Response('data: a\n\ndata: b\n\n').body!
  const plain = { getReader: () => body.getReader() } as ReadableStream<Uint8Array>
  expect(await burstsOf(plain)).toEqual([['a', 'b']])
})
