import type { Sink } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { createCollectingSink, createRig, createScriptedSource, plainWire, textOf } from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const

function throwing(...methods: (keyof Sink)[]): Sink {
  const sink: Sink = { write: () => methods.length > 0, drained: () => Promise.resolve(), close() {}, destroy() {} }
  for (const method of methods) {
    sink[method] = () => {
      throw new Error(`${method} after the end`)
    }
  }
  return sink
}

describe('contract 13: a sink that breaks its word', () => {
  test.each<(keyof Sink)[]>([
    ['write'],
    ['write', 'destroy'],
    ['close'],
    ['close', 'destroy'],
    ['drained', 'destroy'],
    ['write', 'drained', 'close', 'destroy'],
  ])('takes nothing from its neighbours: %s %s', async (...methods) => {
    const { sluice, runtime } = createRig({ stream: { onDisconnect: 'continue' } })
    const scripted = createScriptedSource([{ wait: 10 }, { yield: 'a' }, { wait: 100 }, { yield: 'b' }], { runtime })
    const stream = await sluice.start(scripted.source, SERVER)
    const whole = createCollectingSink()
    const bad = throwing(...methods)
    if (methods.includes('drained')) bad.write = () => false
    stream.deliver(bad, { wire: plainWire, heartbeatMs: 20 })
    const other = await sluice.attach({ id: stream.id }, SERVER)
    other.deliver(whole, { wire: plainWire, heartbeatMs: false })
    await runtime.advance(40_000)
    expect(textOf(whole)).toBe('ab')
    expect(whole.closed).toBe(true)
    expect(sluice.stats()).toMatchObject({ delivering: 0, producing: 0 })
  })
})

test('a heartbeat that has nothing to send is asked for once an interval', async () => {
  const { sluice, runtime } = createRig()
  let beats = 0
  const wire = {
    ...plainWire,
    create: (...made: Parameters<typeof plainWire.create>) => ({
      ...plainWire.create(...made),
      heartbeat: () => {
        beats++
        return ''
      },
    }),
  }
  const scripted = createScriptedSource([{ wait: 1_000 }, { yield: 'late' }], { runtime })
  const stream = await sluice.start(scripted.source, SERVER)
  stream.deliver(createCollectingSink(), { wire, heartbeatMs: 100 })
  await runtime.advance(950)
  expect(beats).toBeGreaterThanOrEqual(8)
  expect(beats).toBeLessThanOrEqual(11)
})

describe('contract 2: readings of one connection that waits', () => {
  test('are all told of their end, however often it makes us wait in between', async () => {
    const { sluice, runtime } = createRig({ reader: { heartbeatMs: false } })
    const told: string[] = []
    let drain = (): void => {}
    const sink: Sink = {
      write(bytes) {
        told.push(String(bytes))
        return false
      },
      drained: () => new Promise((resolve) => (drain = resolve)),
      close() {},
      destroy() {},
    }
    const connection = sluice.connect(sink, { beat: { heartbeat: () => '' }, closeWhenEmpty: false })
    const streams = await Promise.all(
      [1, 2, 3, 4].map(() => sluice.start(createScriptedSource([{ wait: 1e6 }], { runtime }).source, SERVER)),
    )
    for (const stream of streams) stream.deliver(sink, { wire: plainWire, connection })
    sluice.connect(sink, { beat: { heartbeat: () => '' }, closeWhenEmpty: false })
    connection.write('busy')
    for (const stream of streams) stream.detach('unauthorized')
    for (let turn = 0; turn < 10; turn++) {
      drain()
      await runtime.advance(1)
    }
    expect(told.filter((text) => text.includes('"closed"'))).toHaveLength(4)
  })
})
