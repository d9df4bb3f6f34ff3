import { SluiceError } from '../events/errors.ts'

/** A source's items, pulled one at a time, and a way to tell it that no more are wanted. */
export interface SourceIterator {
  /** Called without a wrapper: this is done for every token. */
  readonly items: {
    /** The next item. */
    next(): Promise<IteratorResult<unknown>> | IteratorResult<unknown>
  }
  /** Asks the source to clean up. Settles when it has; may never settle. */
  stop(reason: unknown): Promise<unknown>
}

/**
 * What a source function returned, made pullable.
 *
 * @throws SluiceError `SLUICE_ERR_SOURCE_ITEM` when it is nothing that can be iterated
 */
export function toSourceIterator(items: unknown): SourceIterator {
  if (typeof items === 'object' && items !== null) {
    if (isReadableStream(items)) return fromReadableStream(items)
    if (Symbol.asyncIterator in items) return new Items((items as AsyncIterable<unknown>)[Symbol.asyncIterator]())
    if (Symbol.iterator in items) return new Items((items as Iterable<unknown>)[Symbol.iterator]())
  }
  throw new SluiceError(
    'SLUICE_ERR_SOURCE_ITEM',
    'The source returned nothing that can be iterated; return an async iterable, an iterable or a ReadableStream (or a promise of one).',
  )
}

class Items implements SourceIterator {
  readonly items: AsyncIterator<unknown> | Iterator<unknown>

  constructor(items: AsyncIterator<unknown> | Iterator<unknown>) {
    this.items = items
  }

  async stop(): Promise<unknown> {
    return this.items.return?.()
  }
}

function fromReadableStream(stream: ReadableStream<unknown>): SourceIterator {
  const reader = stream.getReader()
  return {
    items: { next: () => reader.read() as Promise<IteratorResult<unknown>> },
    // Unlike `return()` of a generator this is heard even while a read is outstanding.
    stop: (reason) => reader.cancel(reason),
  }
}

function isReadableStream(items: object): items is ReadableStream<unknown> {
  return 'getReader' in items && typeof items.getReader === 'function'
}
