import type { ClientReading, ReaderOptions, ReadingOutcome, Sluice, TokenStream } from '@sluice/core'
import { deliverOptionsOf, headGone, type Wire } from '@sluice/core/extend'
import { createSseHeaders, type DeliveryPlan, joinHeaderLists } from '@sluice/sse'

import type { PendingReader } from './pending-reader.ts'
import { withFactsOf } from './wire-registry.ts'

/** How a stream is answered with. */
export interface StreamingPlanParts {
  stream: TokenStream
  wire: Wire
  mount: string
  /** True when the reader's earlier output is to be continued exactly; left out where it came without a cursor. */
  continues?: boolean | undefined
  /** Name under which the reader's credit arrives. */
  readerName?: string | undefined
  /**
   * True when the request may be repeated as it is, as an `EventSource` does it: the answer is broken off now and then, for who
   * has not shown its last id as long as it is not lost on the way.
   */
  rotates?: boolean | undefined
  reader?: ReaderOptions | undefined
  /** What the client asks of this reading. */
  reading?: ClientReading | undefined
  hold?: PendingReader | undefined
  /** Is told how this reading went. */
  onOver?: ((outcome: ReadingOutcome) => void) | undefined
}

/**
 * The answer that delivers a stream.
 *
 * @throws SluiceError `SLUICE_ERR_CURSOR_TRIMMED` where the beginning that was asked for is gone, and the wire has no way to
 * tell its reader where it begins instead
 */
export function planStreaming(sluice: Pick<Sluice, 'readerOptions'>, parts: StreamingPlanParts): DeliveryPlan {
  const { stream, wire, mount, continues, readerName, rotates, reader, hold, onOver } = parts
  if ((stream.headless && !wire.resumable) || (wire.needsPast && !stream.isPastKept)) {
    hold?.giveUp()
    throw headGone()
  }
  // A client that comes with a cursor reads ids, whether it says so or not.
  const reading: ClientReading = { ...parts.reading, ids: parts.reading?.ids ?? continues !== undefined }
  const headers = createSseHeaders({
    streamId: stream.id,
    contentLocation: locationOf(mount, stream.id),
    contentType: wire.contentType,
  })
  headers.vary = joinHeaderLists('Accept', headers.vary)
  return {
    status: 200,
    headers,
    queueBytes: reader?.queueBytes ?? sluice.readerOptions.queueBytes,
    deliver: (sink) => {
      if (hold && !hold.handOver()) {
        sink.destroy()
        onOver?.('detached')
        return { lost: () => {} }
      }
      const wired = withFactsOf(wire, stream)
      const said = { ...reader, ...deliverOptionsOf(reading), onOver }
      const rotation = rotates === true && continues !== true ? 'once' : rotates
      return stream.deliver(sink, { ...said, wire: wired, continues, name: readerName, rotates: rotation })
    },
  }
}

/** Where a stream can be read again. */
export function locationOf(mount: string, streamId: string): string {
  return `${mount}/streams/${streamId}`
}
