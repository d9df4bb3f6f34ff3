import type { Sink } from '@sluice/core/extend'
import { createSseHeaders, type SinkOwner, toResponse } from '@sluice/sse'
import { describe, expect, it, test } from 'vitest'

interface ConnectionReading {
  response: Response
  sink: Sink
  lost: () => number
}

function carry(queueBytes?: number, begin: (sink: Sink) => void = () => undefined): ConnectionReading {
  let carried: Sink | undefined
  let lost = 0
  const deliver = (sink: Sink): SinkOwner => {
    carried = sink
    begin(sink)
    return { lost: () => void lost++ }
  }
  const response = toResponse({ status: 200, headers: createSseHeaders({ streamId: 'x' }), deliver, queueBytes })
  return { response, sink: carried!, lost: () => lost }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await turn()
  return settled
}

test('has status and headers, and a body of what was written', async () => {
  const { response, sink } = carry()
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  sink.write('héllo ')
  sink.write(new TextEncoder().encode('world'))
  sink.write('')
  sink.close()
  expect(await response.text()).toBe('héllo world')
})

test('what was written before the reader came leaves as one piece; a reader that waits gets each write at once', async () => {
  const { response, sink } = carry()
  sink.write('a')
  sink.write('b')
  const reader = response.body!.getReader()
  const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value)
  expect(await read()).toBe('ab')
  const next = read()
  await turn()
  sink.write('c')
  expect(await next).toBe('c')
  const [third, fourth] = [read(), read()]
  await turn()
  sink.write('d')
  sink.write('e')
  expect([await third, await fourth]).toEqual(['d', 'e'])
})

describe('a reader that does not read', () => {
  it('is written no more than its queue, in bytes, and one write over', () => {
    const { sink } = carry(10)
    expect(sink.write('éééé')).toBe(true)
    expect(sink.write('é')).toBe(false)
  })

  it('holds the writer back until it reads', async () => {
    const { response, sink } = carry(10)
    expect(sink.write('0123456789')).toBe(false)
    const drained = sink.drained()
    expect(sink.drained()).toBe(drained)
    expect(await isSettled(drained)).toBe(false)
    await response.body!.getReader().read()
    expect(await isSettled(drained)).toBe(true)
    expect(sink.write('a')).toBe(true)
  })

  it.each(['cancel', 'close', 'destroy'] as const)('lets the writer go on %s', async (how) => {
    const { response, sink } = carry(1)
    sink.write('a')
    const drained = sink.drained()
    if (how === 'cancel') await response.body!.cancel()
    else sink[how]()
    expect(await isSettled(drained)).toBe(true)
    expect(await isSettled(sink.drained())).toBe(true)
    expect(sink.write('b')).toBe(true)
  })
})

describe('its end', () => {
  it('a cancelled body is told once, and takes writes without a word', async () => {
    const { response, sink, lost } = carry()
    sink.write('a')
    await response.body!.cancel()
    await turn()
    expect(lost()).toBe(1)
    expect(sink.write('b')).toBe(true)
    sink.close()
    sink.destroy()
    await turn()
    expect(lost()).toBe(1)
  })

  it('close sends what is queued first, and is told when it was taken', async () => {
    const { response, sink, lost } = carry()
    sink.write('a')
    sink.close()
    sink.close()
    sink.write('late')
    await turn()
    expect(lost()).toBe(0)
    expect(await response.text()).toBe('a')
    expect(lost()).toBe(1)
  })

  it('close with nothing queued ends a reader that waits', async () => {
    const { response, sink, lost } = carry()
    const text = response.text()
    await turn()
    sink.write('a')
    await turn()
    sink.close()
    expect(await text).toBe('a')
    expect(lost()).toBe(1)
  })

  it.each([false, true])('destroy never looks like an end (closing: %s)', async (closing) => {
    const { response, sink, lost } = carry()
    sink.write('a')
    if (closing) sink.close()
    sink.destroy()
    await expect(response.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_INTERRUPTED' })
    expect(lost()).toBe(1)
  })

  it('all of it may happen before the plan is carried out', async () => {
    const { response, lost } = carry(undefined, (sink) => {
      sink.write('a')
      sink.destroy()
    })
    await expect(response.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_INTERRUPTED' })
    expect(lost()).toBe(1)
  })
})

test('nothing runs for a response that cannot be', () => {
  const deliver = (): never => {
    throw new Error('ran')
  }
  expect(() => toResponse({ status: 999, headers: {}, deliver })).toThrow(RangeError)
  expect(() => toResponse({ status: 200, headers: {}, deliver, queueBytes: 0 })).toThrow('queueBytes')
})
