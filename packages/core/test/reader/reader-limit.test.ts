import { SluiceError } from '@sluice/core'
import { expect, test } from 'vitest'
import { createCollectingSink, createRig, createScriptedSource, plainWire } from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const

test('contract 6: of those who ask at the same moment no more become readers than may, however they read', async () => {
  const { sluice, runtime } = createRig({ limits: { readersPerStream: 3 }, stream: { onDisconnect: 'continue' } })
  const scripted = createScriptedSource([{ yield: 'a' }, { wait: 3_600_000 }], { runtime })
  const { id } = await sluice.start(scripted.source, SERVER)
  const handles = await Promise.all(Array.from({ length: 30 }, () => sluice.attach({ id }, SERVER)))
  const read = [
    (at: number) => handles[at]!.hold(),
    (at: number) => handles[at]!.deliver(createCollectingSink(), { wire: plainWire }),
    (at: number) => handles[at]![Symbol.asyncIterator]().next(),
  ]
  const outcomes = await Promise.allSettled(handles.map(async (_, at) => read[at % 3]!(at)))
  const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  expect(refused).toHaveLength(27)
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'SLUICE_ERR_OVERLOADED', status: 503 })
  await expect(sluice.attach({ id }, SERVER)).rejects.toBeInstanceOf(SluiceError)
  handles[0]!.detach()
  const next = await sluice.attach({ id }, SERVER)
  next.hold()
})

test('contract 9: a held reading whose delivery cannot begin is left, and keeps its stream for nobody', async () => {
  const { sluice, runtime } = createRig({ stream: { onDisconnect: 'cancel' } })
  const broken = {
    ...plainWire,
    create: () => {
      throw new Error('facts.voice is missing')
    },
  }
  for (const how of [{ wire: broken }, { wire: plainWire, credit: -1 }, { wire: plainWire, heartbeatMs: -1 }]) {
    const scripted = createScriptedSource([{ yield: 'a' }, { wait: 3_600_000 }], { runtime })
    const stream = await sluice.start(scripted.source, SERVER)
    stream.hold()
    await runtime.advance(5)
    const sink = createCollectingSink()
    expect(() => stream.deliver(sink, how)).toThrow(/voice|credit|heartbeatMs/)
    await runtime.advance(5)
    expect(stream.end).toMatchObject({ cause: 'disconnect' })
    expect(sink.writes).toEqual([])
    await runtime.advance(60_000)
  }
  expect(sluice.stats()).toMatchObject({ delivering: 0, producing: 0 })
})
