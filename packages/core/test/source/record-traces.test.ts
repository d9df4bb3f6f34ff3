import { createSluice, recordTraces, type TokenTrace } from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { createVirtualRuntime } from '../rig/core-rig.ts'

const AS = { as: 'server' } as const

function recorder(maxTokens?: number): {
  traces: TokenTrace[]
  play: (steps: (string | number)[], cancelMs?: number) => Promise<string>
} {
  const runtime = createVirtualRuntime()
  const traces: TokenTrace[] = []
  const { transform, observer } = recordTraces((trace) => traces.push(trace), { runtime, maxTokens })
  const sluice = createSluice({ runtime, transforms: [transform], observers: [observer] })
  async function play(steps: (string | number)[], cancelMs?: number): Promise<string> {
    const stream = await sluice.start(async function* () {
      for (const step of steps) {
        if (typeof step === 'string') yield step
        else await new Promise<void>((resolve) => void runtime.after(step, resolve))
      }
    }, AS)
    let text = ''
    const read = (async () => {
      for await (const event of stream) if (event.type === 'text') text += event.text
    })()
    if (cancelMs !== undefined) {
      await runtime.advance(cancelMs)
      void stream.cancel()
    }
    await runtime.advance(60_000)
    await read
    return text
  }
  return { traces, play }
}

describe('what is recorded of a stream', () => {
  test('is when each token came and how long it was, and the stream is none the worse', async () => {
    const { traces, play } = recorder()
    expect(await play([20, 'Call', 30, ' me', ' Ishmael', 25, '.'])).toBe('Call me Ishmael.')
    expect(traces).toEqual([{ atMs: [20, 50, 50, 75], chars: [4, 3, 8, 1] }])
  })

  test('is there for one that was cancelled, up to then, and not for one that said nothing', async () => {
    const { traces, play } = recorder()
    await play([20, 'Call', 1_000, ' me'], 100)
    await play([5])
    expect(traces).toEqual([{ atMs: [20], chars: [4] }])
  })

  test('has a bound', async () => {
    const { traces, play } = recorder(2)
    await play(['a', 'b', 'c'])
    expect(traces[0]?.chars).toEqual([1, 1])
  })
})

test('options that are none are refused by name', () => {
  expect(() => recordTraces(() => undefined, { maxTokens: 0 })).toThrow('maxTokens')
  expect(() => recordTraces(() => undefined, { most: 1 } as never)).toThrow('most')
})
