import { describe, expect, test } from 'vitest'

import type { JobSource } from '../../src/index.ts'
import { ADA, createJobsRig } from './rig/jobs-rig.ts'

describe('steps', () => {
  test('are told to readers as they begin, though nothing is yielded, and the last one to whoever polls', async () => {
    let go = (): void => {}
    const source: JobSource = async function* ({ step }) {
      step('plan', { of: 2, message: 'planning…' })
      await new Promise<void>((resolve) => (go = resolve))
      yield 'A'
      step('write')
      yield 'B'
    }
    const { jobs, pass } = createJobsRig({}, { source })
    const { id } = await jobs.submit('source', undefined, { as: ADA })
    jobs.work()
    await pass()
    const plan = { index: 1, of: 2, message: 'planning…' }
    expect((await jobs.info(id, { as: ADA })).steps).toEqual({ name: 'plan', ...plan })
    const stream = await jobs.attach(id, { as: ADA })
    const events: unknown[] = []
    const reading = (async () => {
      for await (const event of stream) events.push(event)
    })()
    await pass()
    expect(events).toEqual([{ type: 'data', name: 'progress', data: { step: 'plan', ...plan } }])
    go()
    await pass()
    await reading
    expect(events.slice(1, -1)).toEqual([
      { type: 'text', text: 'A' },
      { type: 'data', name: 'progress', data: { step: 'write', index: 2, of: 2 } },
      { type: 'text', text: 'B' },
    ])
    expect((await jobs.info(id, { as: ADA })).steps).toEqual({ name: 'write', index: 2, of: 2 })
  })

  test('wake whoever waits for something new', async () => {
    const source: JobSource = async function* ({ step }) {
      await new Promise<void>((resolve) => (next = resolve))
      step('one')
      await new Promise<void>((resolve) => (next = resolve))
      yield 'x'
    }
    let next = (): void => {}
    const { jobs, pass } = createJobsRig({}, { source })
    const { id } = await jobs.submit('source', null, { as: ADA })
    jobs.work()
    await pass()
    const { version } = await jobs.info(id, { as: ADA })
    const waiting = jobs.info(id, { as: ADA, waitMs: 50_000, after: version })
    next()
    await pass()
    expect(await waiting).toMatchObject({ steps: { name: 'one' } })
  })

  test('are refused with words where they are none', async () => {
    const source: JobSource = async function* ({ step }) {
      step('', {})
      yield 'x'
    }
    const { jobs, pass } = createJobsRig({ job: { attempts: 1 } }, { source })
    const { id } = await jobs.submit('source', null, { as: ADA })
    jobs.work()
    await pass()
    expect(await jobs.info(id, { as: ADA })).toMatchObject({ state: 'failed' })
  })
})
