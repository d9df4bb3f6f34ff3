import { joinBytes } from '@sluice/core/extend'

import type { SseDecoding } from './decoder.ts'

const MARK = [0xef, 0xbb, 0xbf]

/** Drops so many byte order marks at the beginning before anything is decoded. */
export function dropMarks(decoding: SseDecoding, count: number): SseDecoding {
  let left = count
  let held: Uint8Array = new Uint8Array()
  return {
    push(piece) {
      if (left === 0) return decoding.push(piece)
      held = joinBytes([held, piece])
      while (left > 0 && held.length >= MARK.length && MARK.every((byte, at) => held[at] === byte)) {
        held = held.subarray(MARK.length)
        left--
      }
      // What has come may be the beginning of one.
      if (left > 0 && held.length < MARK.length && held.every((byte, at) => byte === MARK[at])) return []
      left = 0
      return decoding.push(held)
    },
    end: () => decoding.end(),
    get lastEventId() {
      return decoding.lastEventId
    },
  }
}
