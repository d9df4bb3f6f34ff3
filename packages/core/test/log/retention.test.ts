import { createSluice, DEFAULT_STREAM_OPTIONS, type SourceItem } from '@sluice/core'
import { Log } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

const LONG = 128_000

describe('contract 6: what is kept for replay by default', () => {
  const said: [string, (index: number) => SourceItem][] = [
    ['tokens of 5 bytes', (index) => String(index % 100_000).padStart(5)],
    ['reasoning', (index) => ({ type: 'reasoning', text: String(index % 100_000).padStart(5) })],
    ['four choices', (index) => ({ type: 'text', choice: index % 4, text: String(index % 100_000).padStart(5) })],
  ]
  test.each(said)('is the whole of an answer of 128,000 pieces: %s', async (_, item) => {
    const stream = await createSluice().start(
      function* () {
        for (let index = 0; index < LONG; index += 1_000)
          yield Array.from({ length: 1_000 }, (__, at) => item(index + at)) as never
      },
      { as: 'server', onDisconnect: 'continue' },
    )
    expect(await stream.ended).toMatchObject({ complete: true })
    const { trimmed, events } = await stream.result()
    expect(trimmed).toBe(false)
    const units = events.reduce((sum, event) => sum + ('text' in event ? event.text.length : 0), 0)
    expect(units).toBe(5 * LONG)
  })

  test('takes at most its bytes, and three more for a token', () => {
    const log = new Log('s', 1, { retentionBytes: DEFAULT_STREAM_OPTIONS.retentionBytes })
    for (let index = 0; index < LONG; index++) log.append('words')
    expect(log.firstSeq).toBe(1)
    expect(log.bytes).toBeLessThanOrEqual(LONG * (5 + 3))
    expect(log.heldBytes / log.bytes).toBeGreaterThan(0.9)
    expect(log.heldBytes / log.bytes).toBeLessThan(1.1)
  })
})
