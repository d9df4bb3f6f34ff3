import { heldBytes } from '../events/held-bytes.ts'
import type { StreamFacts } from './stream-facts.ts'

/** What a stream takes beside its facts and its events: its log, its record, its places in indexes. */
const STREAM_COST_BYTES = 1_200
/** What a stream takes while it runs here: what pumps its source, watches over it and waits for its readers. */
export const RUNNING_COST_BYTES = 2_500

/** What a stream of these facts takes, beside its events (contract 6). */
export function streamBytes(facts: StreamFacts): number {
  return STREAM_COST_BYTES + heldBytes(facts)
}
