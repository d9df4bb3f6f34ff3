import type { Entry } from './entry.ts'
import { ChunkMerger } from './merge.ts'
import { type Logged, type Segment, toEvent } from './segment.ts'

/** The segments of one log, oldest first: each begins where the one before it ends. */
export type SegmentList = readonly Segment[]

/** The segment that has `seq`. */
export function segmentWith(segments: SegmentList, seq: number): Segment {
  let low = 0
  let high = segments.length - 1
  if (high >= 0 && segments[high]!.firstSeq <= seq) return segments[high]!
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (segments[middle]!.firstSeq <= seq) low = middle
    else high = middle - 1
  }
  return segments[low]!
}

/** Calls `visit` with each event in `after` < seq ≤ `until`, until it gives `false`. */
export function visitEvents(
  segments: SegmentList,
  after: number,
  until: number,
  visit: (event: Logged) => boolean,
): void {
  visitSegments(segments, after, until, (segment, from, to) => segment.visit(from, to, visit))
}

/** The same without what makes an event large, where it is. */
export function visitOutlines(
  segments: SegmentList,
  after: number,
  until: number,
  visit: (event: Logged) => boolean,
): void {
  visitSegments(segments, after, until, (segment, from, to) => segment.visitOutlines(from, to, visit))
}

/** Bytes charged for all events up to and including `seq`, which is one of these, since the stream began. */
export function bytesUpTo(segments: SegmentList, seq: number): number {
  const segment = segmentWith(segments, seq)
  return segment.startBytes + segment.bytesOf(seq - segment.firstSeq + 1)
}

/** Number of events in `after` < seq ≤ `until` that fit into `maxBytes`, at least one if there is one. */
export function countFitting(
  segments: SegmentList,
  after: number,
  until: number,
  maxBytes: number,
): { count: number; bytes: number } {
  let count = 0
  let bytes = 0
  const fits = (size: number): boolean => {
    if (count > 0 && bytes + size > maxBytes) return false
    count++
    bytes += size
    return true
  }
  visitSegments(segments, after, until, (segment, from, to) => segment.visitBytes(from, to, fits))
  return { count, bytes }
}

/** The events in `after` < seq ≤ `until`, neighbours merged. All of them must be there. */
export function mergedEntries(segments: SegmentList, after: number, until: number): Entry[] {
  const merger = new ChunkMerger()
  for (let at = after + 1; at <= until;) {
    const segment = segmentWith(segments, at)
    const { epoch, firstSeq } = segment
    const from = at - firstSeq
    const to = Math.min(segment.count, until - firstSeq + 1)
    at = firstSeq + to
    const text = segment.plainText(from, to)
    if (text !== undefined && merger.addRun(text, epoch, at - 1)) continue
    for (let index = from; index < to; index++) merger.add(toEvent(segment.at(index)), epoch, firstSeq + index)
  }
  return merger.chunk
}

/** Calls `visit` with each segment that has some of these events, and which of its own they are. */
function visitSegments(
  segments: SegmentList,
  after: number,
  until: number,
  visit: (segment: Segment, from: number, to: number) => boolean,
): void {
  for (let at = Math.max(after + 1, segments[0]?.firstSeq ?? Infinity); at <= until;) {
    const segment = segmentWith(segments, at)
    const to = Math.min(segment.count, until - segment.firstSeq + 1)
    if (!visit(segment, at - segment.firstSeq, to)) return
    at = segment.firstSeq + to
  }
}
