import { SEED } from '@sluice/testing'

import { readBody } from './application.ts'
import { cutAt, cutsOf } from './cuts.ts'
import type { DecodedWire } from './decoded-wire.ts'
import { hostileAnswers, LARGE_ANSWERS } from './hostile-tokens.ts'
import { expectBeginnings, expectResumed } from './drops.ts'
import { expectCut, expectWhole } from './expectations.ts'
import { type ServedStream, serveStream } from './served-stream.ts'
import { CLOSES_AFTER_MS, SILENT, SPOKEN, SPOKEN_BEFORE_CLOSE, TEXT } from './spoken-answer.ts'
import type { SseDecoder } from '../rig/decoder.ts'

/** One thing that a decoder must bring through. Throws what it found. */
export interface DecoderCheck {
  readonly name: string
  /** Whether it is about coming back with an id. */
  readonly resumes?: boolean
  readonly check: (decoder: SseDecoder) => Promise<void>
}

/** All checks of a wire. Its streams are played once, for all decoders. */
export function checksOf(wire: DecodedWire): readonly DecoderCheck[] {
  const hostile = once(() => serveAll(wire, hostileAnswers()))
  const large = once(() => serveAll(wire, LARGE_ANSWERS, true))
  const spoken = once(() => serveStream(wire, SPOKEN))
  const silent = once(() => serveStream(wire, SILENT))
  const failing = once(() => serveStream(wire, [...SPOKEN, 'fails']))
  const closed = once(() => serveStream(wire, SILENT, { closesAfterMs: CLOSES_AFTER_MS }))
  const sentAway = once(() => serveStream(wire, SILENT, { closesAfterMs: CLOSES_AFTER_MS, closesWith: 'rotate' }))
  const dropped = once(() => serveStream(wire, SILENT))
  return [
    {
      name: 'contract 1: hostile text comes through, however it is cut',
      check: async (decoder) => {
        for (const { text, served } of await hostile())
          for (const pieces of cutsOf(served.live, SEED)) expectWhole(readBody(decoder, wire, pieces), text)
      },
    },
    {
      name: 'contract 1: large tokens come through, merged or alone, and whatever they become as JSON',
      check: async (decoder) => {
        for (const { text, served } of await large()) {
          expectWhole(readBody(decoder, wire, cutAt(served.live, placesOf(served.live))), text)
          expectWhole(readBody(decoder, wire, [await served.again()]), text)
        }
      },
    },
    {
      name: 'contract 4: heartbeats are heard by nobody, before the first token, between tokens and before the end',
      check: async (decoder) => {
        const { live } = await silent()
        if (live.length <= (await spoken()).live.length) throw new Error('no heartbeat was written')
        for (const pieces of cutsOf(live, SEED)) expectWhole(readBody(decoder, wire, pieces), TEXT)
      },
    },
    {
      name: 'contract 3: an answer that failed is told as one that was cut, once',
      check: async (decoder) => {
        const { live } = await failing()
        for (const pieces of cutsOf(live, SEED)) expectCut(readBody(decoder, wire, pieces), TEXT)
      },
    },
    {
      name: 'contract 2: a reading that is closed before the end, or sent away, is told as one that was cut, once',
      check: async (decoder) => {
        for (const { live } of [await closed(), await sentAway()])
          for (const pieces of cutsOf(live, SEED)) expectCut(readBody(decoder, wire, pieces), SPOKEN_BEFORE_CLOSE)
      },
    },
    {
      name: 'contract 1: dropped at any byte, what was heard is a beginning, and no end; from the start it is whole again',
      check: async (decoder) => expectBeginnings(decoder, wire, await dropped()),
    },
    {
      name: 'contract 1: dropped at any byte, a client that comes back with its last id hears the rest, once',
      resumes: true,
      check: async (decoder) => expectResumed(decoder, wire, await dropped()),
    },
  ]
}

interface Answer {
  readonly text: string
  readonly served: ServedStream
}

async function serveAll(wire: DecodedWire, answers: readonly (readonly string[])[], merged = false): Promise<Answer[]> {
  const played: Answer[] = []
  for (const tokens of answers) {
    const served = await serveStream(
      wire,
      tokens.map((says) => ({ says })),
      { merged },
    )
    played.push({ text: tokens.join('').toWellFormed(), served })
  }
  return played
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}

/** Some places, as a network cuts. */
function placesOf({ length }: Uint8Array): number[] {
  const step = Math.ceil(length / 16)
  return Array.from({ length: Math.floor(length / step) }, (_, index) => (index + 1) * step)
}
