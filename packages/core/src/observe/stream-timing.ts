/** How long the parts of a stream took, in milliseconds from its start; absent while a part has not happened. */
export interface StreamTiming {
  openMs?: number
  firstEventMs?: number
  durationMs?: number
}
