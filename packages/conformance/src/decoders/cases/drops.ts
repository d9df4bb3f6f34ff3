import { Application, readBody } from './application.ts'
import type { DecodedWire } from './decoded-wire.ts'
import { differenceOf, expectWhole } from './expectations.ts'
import type { ServedStream } from './served-stream.ts'
import { TEXT, TOKENS } from './spoken-answer.ts'
import type { SseDecoder } from '../rig/decoder.ts'

/** Cuts a body at every byte: what was heard is a beginning, and no end. Then reads it from the start. */
export async function expectBeginnings(decoder: SseDecoder, wire: DecodedWire, served: ServedStream): Promise<void> {
  const { live } = served
  for (let at = 0; at <= live.length; at++) {
    const application = new Application(decoder, wire)
    application.push(live.subarray(0, at))
    try {
      // To many a client a body that is cut just ends.
      application.end()
    } catch {
      // It was in the middle of something, and its application is told so.
    }
    const { text, over } = application
    if (!TEXT.startsWith(text)) throw new Error(`cut at byte ${at}, ${differenceOf(text, TEXT)}`)
    if (over.length > 0 && text !== TEXT) throw new Error(`cut at byte ${at} it was heard as over`)
  }
  expectWhole(readBody(decoder, wire, [await served.again()]), TEXT)
}

/** Cuts a body at every byte, and comes back with the id that the decoder had then. */
export async function expectResumed(decoder: SseDecoder, wire: DecodedWire, served: ServedStream): Promise<void> {
  const { live } = served
  const rests = new Map<string, Application>()
  const application = new Application(decoder, wire)
  for (let at = 0; at <= live.length; at++) {
    const id = application.lastEventId
    if (id !== '' && application.over.length === 0) {
      if (!rests.has(id)) rests.set(id, readBody(decoder, wire, [await served.again(id)]))
      const rest = rests.get(id)!
      const text = application.text + rest.text
      if (text !== TEXT) throw new Error(`cut at byte ${at}, and gone on after ${id}, ${differenceOf(text, TEXT)}`)
      if (rest.over.join() !== 'complete') throw new Error(`gone on after ${id} it was over: [${rest.over.join()}]`)
    }
    application.push(live.subarray(at, at + 1))
  }
  if (rests.size < TOKENS.length) throw new Error(`only ${rests.size} ids to come back with`)
}
