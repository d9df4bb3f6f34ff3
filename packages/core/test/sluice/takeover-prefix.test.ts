import { expect, test } from 'vitest'
import type { SourceContext } from '@sluice/core'
import { HostedSourceContext } from '../../src/source/context.ts'
import { Log } from '../../src/log/log.ts'

/** A stream as another process has left it, of which so many bytes are kept. */
function leftWith(retentionBytes: number): SourceContext {
  const log = new Log('s', 1, { retentionBytes })
  for (let at = 0; at < 100; at++) log.append(`${at} `.repeat(20))
  const facts = { id: 's', tenant: '', owner: 'o', key: undefined, meta: {}, wire: undefined, createdAtMs: 0 }
  return new HostedSourceContext({
    stored: { facts: { ...facts, idempotency: undefined }, log, timing: {} },
    touch() {},
    listenerFailed() {},
  })
}

test('contract 2: a source that takes over is given the whole text so far, or told that its beginning is gone', () => {
  expect(leftWith(1024 * 1024).prefix).toMatch(/^0 0 [^]*99 $/)
  expect(() => leftWith(2048).prefix).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_CURSOR_TRIMMED' }))
})
