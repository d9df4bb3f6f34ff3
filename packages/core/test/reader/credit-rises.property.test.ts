import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunksOf, createCollectingSink, createRig, createScriptedSource, check, plainWire } from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const

test('contract 7: credit only rises while a reader is attached, in whatever order and how often grants come', async () => {
  const grants = fc.array(fc.nat({ max: 30 }), { maxLength: 12 })
  await check(
    fc.asyncProperty(fc.nat({ max: 10 }), grants, async (credit, given) => {
      const { sluice, runtime } = createRig({ stream: { onDisconnect: 'continue' } })
      const scripted = createScriptedSource([{ yield: Array.from({ length: 40 }, () => 'x') }, { wait: 1e6 }], {
        runtime,
      })
      const stream = await sluice.start(scripted.source, SERVER)
      await runtime.advance(5)
      const sink = createCollectingSink()
      const options = { wire: plainWire, name: 'r', credit, heartbeatMs: false } as const
      ;(await sluice.attach({ id: stream.id }, SERVER)).deliver(sink, options)
      let most = credit
      for (const seq of given) {
        await sluice.ack({ cursor: `${stream.id}.1.0` }, { ...SERVER, reader: 'r', credit: seq })
        most = Math.max(most, seq)
        await runtime.advance(1_000)
        const entries = chunksOf(sink).flatMap((chunk) => chunk.entries)
        expect(entries.at(-1)?.seq ?? 0).toBe(most)
      }
    }),
  )
})
