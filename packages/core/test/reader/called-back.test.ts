import { fixed, type Observer, type TokenStream } from '@sluice/core'
import type { Wire } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { createCollectingSink, createRig, createScriptedSource, plainWire } from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const
type Place = 'attached' | 'chunk' | 'take' | 'create' | 'encode' | 'open' | 'write'

/** A reading that is ended from within one of the calls that it makes. */
async function endedFrom(place: Place, code: 'unauthorized' | undefined) {
  const handle: { stream?: TokenStream } = {}
  let due = true
  const leave = (): void => {
    if (!due || !handle.stream) return
    due = false
    handle.stream.detach(code)
  }
  const at = (here: Place): void => {
    if (here === place) leave()
  }
  const observer: Observer = { attached: () => at('attached'), chunk: () => at('chunk') }
  const { sluice, runtime } = createRig({ observers: [observer], reader: { heartbeatMs: false } })
  const wire: Wire = {
    ...plainWire,
    create: (facts, options) => {
      const encoder = plainWire.create(facts, options)
      return {
        ...encoder,
        open: (start) => (at('open'), encoder.open(start) || 'opened\n'),
        encode: (chunk) => (at('encode'), encoder.encode(chunk)),
      }
    },
  }
  const chunking = {
    ...fixed({ tokens: 1 }),
    create: () => (at('create'), { take: () => (at('take'), 1) }),
  }
  const sink = createCollectingSink()
  const written: string[] = []
  const spy = { ...sink, write: (bytes: string | Uint8Array) => (written.push(String(bytes)), at('write'), true) }
  const connection = sluice.connect(spy, { beat: { heartbeat: () => '' }, closeWhenEmpty: false })
  const scripted = createScriptedSource([{ yield: ['1', '2', '3'] }, { wait: 3_600_000 }], { runtime })
  const options = { ...SERVER, onDisconnect: { graceMs: 20 }, unattachedMs: 20 } as const
  const stream = await sluice.start(scripted.source, options)
  handle.stream = stream
  await runtime.advance(5)
  stream.deliver(spy, { wire, connection, chunking: chunking as never })
  await runtime.advance(500)
  return { stream, written, stats: sluice.stats() }
}

describe.each<Place>(['attached', 'create', 'open', 'take', 'encode', 'write', 'chunk'])(
  'contract 13: a reading that is ended from within %s',
  (place) => {
    test.each([undefined, 'unauthorized'] as const)('is over then and there: %s', async (code) => {
      const { stream, written, stats } = await endedFrom(place, code)
      const farewells = written.filter((text) => text.includes('"closed"'))
      expect(farewells).toHaveLength(code === undefined ? 0 : 1)
      if (code !== undefined) expect(written.at(-1)).toBe(farewells[0])
      // Nobody is there any more, and the stream is not kept for anybody.
      expect(stats.delivering).toBe(0)
      expect(stream.end).toMatchObject({ cause: 'disconnect' })
    })
  },
)
