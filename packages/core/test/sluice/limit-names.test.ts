import { createScriptedSource, createVirtualRuntime } from '../../../testing/src/index.ts'
import { createSluice, type SluiceOptions } from '@sluice/core'
import { expect, test } from 'vitest'

const AS = { owner: 'ada' }

/** The message of what starting `times` streams of a source that never speaks is refused with. */
async function refusal(options: SluiceOptions, times: number): Promise<string> {
  const runtime = createVirtualRuntime()
  const sluice = createSluice({ runtime, ...options })
  try {
    for (let time = 0; time < times; time++) {
      await sluice.start(createScriptedSource([{ hang: true }], { runtime }).source, { as: AS })
    }
  } catch (error) {
    return (error as Error).message
  }
  return 'taken'
}

test.each([
  [{ limits: { streams: 2 } }, /\b2 streams.*limits\.streams\b/],
  [{ limits: { streamsPerOwner: 2 } }, /\b2 streams.*limits\.streamsPerOwner\b/],
  [{ limits: { startsPerSecond: 3, startBurst: 2 } }, /limits\.startsPerSecond is 3\b.*limits\.startBurst 2\b/],
] as const)('what %j refuses names the limit and its value', async (options, words) => {
  expect(await refusal(options, 3)).toMatch(words)
})

test.each([
  [{ firstTokenMs: 70 }, [{ hang: true }], 'deadlines.firstTokenMs (70 ms)'],
  [{ idleMs: 80 }, [{ yield: 'a' }, { hang: true }], 'deadlines.idleMs (80 ms)'],
  [{ totalMs: 90, firstTokenMs: false }, [{ hang: true }], 'deadlines.totalMs (90 ms)'],
] as const)('contract 4: what %j ends names the deadline and its value', async (deadlines, script, words) => {
  const runtime = createVirtualRuntime()
  const sluice = createSluice({ runtime })
  const { source } = createScriptedSource([...script], { runtime })
  const stream = await sluice.start(source, { as: AS, deadlines, onDisconnect: 'continue' })
  await runtime.advance(100)
  const { end } = await sluice.info({ id: stream.id }, { as: AS })
  expect(end?.error).toMatchObject({ code: 'SLUICE_ERR_TIMEOUT', status: 504 })
  expect(end?.error?.message).toContain(words)
})
