import assert from 'node:assert/strict'
import type { ReaderOptions, StreamEvent } from '@sluice/core'
import { type Opened, parseCursor } from '@sluice/core/extend'
import { nativeSse } from '../../../sse/src/index.ts'
import { parseBySpec } from '../../../sse/test/rig/spec-parser.ts'
import type { PeerSpeed } from './line-sink.ts'
import type { Received } from './line-wire.ts'
import { serve, type World } from './world.ts'

/** What a page with a plain `EventSource` saw, over all of its connections. */
export interface SeenByPage {
  readonly entries: Received[]
  /** Codes of `closed`, in order. */
  readonly codes: string[]
  connections: number
  /** Seq after which its first connection began. */
  from: number | undefined
}

/** How a page is served. */
export interface PageOptions extends ReaderOptions {
  id: string
  /** `?after=` of its URL, which each of its requests carries. */
  after?: string | undefined
  speed?: PeerSpeed | undefined
}

/** Reads as the HTML standard has it: comes back after `retry` with the last id it was given, and stops at a 204. */
export async function readAsPage({ runtime, sluice }: World, options: PageOptions): Promise<SeenByPage> {
  const { id, after, speed, ...reader } = options
  const seen: SeenByPage = { entries: [], codes: [], connections: 0, from: undefined }
  let lastEventId = ''
  for (;;) {
    const stream = await sluice.attach({ id }, { as: 'server', after: lastEventId || after })
    if (stream.exhausted) return seen
    assert.ok(++seen.connections < 20_000, 'a page came back for ever')
    const { sink, over } = serve(runtime, stream, {
      ...reader,
      speed,
      wire: nativeSse,
      rotates: true,
      continues: lastEventId !== '',
    })
    await over
    assert.equal(sink.writesWhileWaiting, 0, 'wrote past a sink that had asked to wait')
    const { events, retry } = parseBySpec(sink.received())
    const [first, ...rest] = events
    const cursor = first && (JSON.parse(first.data) as Opened).cursor
    if (cursor !== undefined) seen.from ??= parseCursor(cursor).seq
    if (cursor !== undefined && lastEventId !== '') assert.equal(cursor, lastEventId)
    for (const { id: at, event, data } of rest) {
      const told = JSON.parse(data) as { code: string; cursor?: string }
      if (event === 'closed') {
        seen.codes.push(told.code)
        assert.equal(at, told.cursor)
      } else
        seen.entries.push({
          cursor: at,
          seq: parseCursor(at).seq,
          event: { type: event, ...told } as unknown as StreamEvent,
        })
    }
    lastEventId = events.at(-1)?.id || lastEventId
    await new Promise<void>((resolve) => void runtime.after(retry.at(-1) ?? 3_000, resolve))
  }
}
