import type { Entry, Wire } from '@sluice/core/extend'
import { expect, test } from 'vitest'
import { createCollectingSink, createRig, plainWire } from '../rig/core-rig.ts'

/** A wire that shows what it was given of the past. */
function lookingBack(needsPast?: boolean): { wire: Wire; pasts: (readonly Entry[] | undefined)[] } {
  const pasts: (readonly Entry[] | undefined)[] = []
  const create: Wire['create'] = (facts, options) => {
    const encoder = plainWire.create(facts, options)
    return {
      open: (start) => (pasts.push(start.past), encoder.open(start)),
      encode: (chunk) => encoder.encode(chunk),
      closed: (notice) => encoder.closed(notice),
      heartbeat: () => encoder.heartbeat(),
    }
  }
  return { wire: { ...plainWire, needsPast, create }, pasts }
}

async function startedRig({ pieceChars, retentionBytes }: { pieceChars: number; retentionBytes: number }) {
  const { sluice, runtime } = createRig()
  const pieces = Array.from({ length: 4_000 }, (_, index) => `${index % 10}`.repeat(pieceChars))
  const options = { as: 'server', retentionBytes, windowBytes: 4_096, onDisconnect: 'continue' } as const
  const stream = await sluice.start(() => pieces, options)
  const cursor = stream.cursor
  await runtime.flush()
  await stream.ended
  return { sluice, runtime, id: stream.id, cursor, end: stream.cursor }
}

test('an encoder can look at all that was said before its reading, neighbours merged', async () => {
  const { sluice, runtime, id } = await startedRig({ pieceChars: 1, retentionBytes: 1024 * 1024 })
  const { wire, pasts } = lookingBack(true)
  for (const after of [undefined, `${id}.1.3`]) {
    const reading = await sluice.attach({ id }, { as: 'server', after })
    reading.deliver(createCollectingSink(), { wire })
  }
  await runtime.flush()
  expect(pasts).toEqual([[], [{ event: { type: 'text', text: '012' }, epoch: 1, seq: 3 }]])
})

test('contract 2: where the beginning is gone, a wire that needs it is refused, and one that does not is told so', async () => {
  const { sluice, runtime, id, end } = await startedRig({ pieceChars: 40, retentionBytes: 32 * 1024 })
  const attach = () =>
    sluice.attach({ id }, { as: 'server', after: end.replace(/\d+$/, (seq) => `${Number(seq) - 1}`) })
  const reading = await attach()
  expect(reading.isPastKept).toBe(false)
  const refuse = (): unknown => reading.deliver(createCollectingSink(), { wire: lookingBack(true).wire })
  expect(refuse).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_CURSOR_TRIMMED' }))

  const { wire, pasts } = lookingBack()
  ;(await attach()).deliver(createCollectingSink(), { wire })
  await runtime.flush()
  expect(pasts).toEqual([undefined])
})
