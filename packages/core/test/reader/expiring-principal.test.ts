import type { Principal, Sluice, TokenStream } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  chunksOf,
  createCollectingSink,
  createRig,
  createScriptedSource,
  createStallingSink,
  plainWire,
  sluiceErrorOf,
  type VirtualRuntime,
} from '../rig/core-rig.ts'
import { NO_DEADLINES } from '../rig/talking.ts'

describe('a principal that expires', () => {
  const NOW_MS = 1_790_000_000_000
  beforeEach(() => void vi.spyOn(Date, 'now').mockReturnValue(NOW_MS))
  afterEach(() => void vi.restoreAllMocks())
  const ada = (inMs: number): Principal => ({ owner: 'ada', expiresAtMs: NOW_MS + inMs })

  async function startFor(as: Principal): Promise<{ runtime: VirtualRuntime; sluice: Sluice; stream: TokenStream }> {
    const rig = createRig()
    const { source } = createScriptedSource([{ yield: 'Hello' }, { hang: true }], { runtime: rig.runtime })
    return { ...rig, stream: await rig.sluice.start(source, { as, deadlines: NO_DEADLINES }) }
  }

  test('S5: is told `closed: unauthorized` then, and reads no more, while others go on', async () => {
    const { runtime, sluice, stream } = await startFor(ada(1_500))
    const other = await sluice.attach({ id: stream.id }, { as: { owner: 'ada' } })
    const [sink, whole] = [createCollectingSink(), createCollectingSink()]
    stream.deliver(sink, { wire: plainWire })
    other.deliver(whole, { wire: plainWire, heartbeatMs: false })
    await runtime.advance(1_499)
    expect(sink.closed).toBe(false)
    await runtime.advance(1)
    expect(chunksOf(sink).at(-1)).toMatchObject({ kind: 'closed', code: 'unauthorized', cursor: stream.cursor })
    expect([sink.closed, whole.closed]).toEqual([true, false])
    other.detach()
  })

  test('S5, contract 7: while it makes us wait is cut at the close grace, and nothing is written past it', async () => {
    const { runtime, stream } = await startFor(ada(1_500))
    const sink = createStallingSink({ acceptBytes: 1 })
    stream.deliver(sink, { wire: plainWire })
    await runtime.advance(6_499)
    expect(sink.destroyed).toBe(false)
    await runtime.advance(1)
    expect([sink.destroyed, sink.writesWhileWaiting]).toEqual([true, 0])
  })

  test('S5: may do nothing from then on', async () => {
    const { sluice, stream } = await startFor(ada(1))
    const late = ada(0)
    for (const act of [
      () => sluice.start(() => [], { as: late }),
      () => sluice.attach({ id: stream.id }, { as: late }),
      () => sluice.cancel({ id: stream.id }, { as: late }),
      () => sluice.info({ id: stream.id }, { as: late }),
    ])
      expect(await sluiceErrorOf(act)).toMatchObject({ code: 'SLUICE_ERR_UNAUTHORIZED', status: 401 })
    stream.detach()
  })

  test.each([Number.NaN, Infinity, '1790000000000', null])('expires at no such time as %s', async (expiresAtMs) => {
    const { sluice } = createRig()
    const error = await sluiceErrorOf(() => sluice.start(() => [], { as: { owner: 'ada', expiresAtMs } as Principal }))
    expect([error.code, error.message]).toEqual(['SLUICE_ERR_OPTION', expect.stringContaining('"expiresAtMs"')])
  })
})
