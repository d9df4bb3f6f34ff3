import type { StoredStream, StreamName } from '@sluice/core/extend'

/** Something that is known of a stream here. */
interface OfStream {
  readonly stream: StoredStream
}

/** What is known of the stream; nothing of another tenant's of the same id. */
export function byName<One extends OfStream>(
  all: ReadonlyMap<string, One>,
  { tenant, id }: StreamName,
): One | undefined {
  const one = all.get(id)
  return one?.stream.facts.tenant === tenant ? one : undefined
}

/** How many have not ended. */
export function countLive(all: ReadonlyMap<string, OfStream>): number {
  let live = 0
  for (const { stream } of all.values()) if (!stream.log.end) live++
  return live
}
