import type { TokenStream } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'

/** One reader, and what it was given. */
export interface Reading {
  /** Seq after which it began. */
  readonly from: number
  readonly got: string[]
  /** How it is over: `end`, or the code it was told. */
  outcome: string | undefined
}

/** Reads until it is over. */
export function beginReading(stream: TokenStream): Reading {
  const reading: Reading = { from: parseCursor(stream.position).seq, got: [], outcome: undefined }
  void follow(stream, reading)
  return reading
}

async function follow(stream: TokenStream, reading: Reading): Promise<void> {
  try {
    for await (const event of stream) {
      if (reading.outcome) throw new Error('something followed the end')
      reading.got.push(event.type === 'text' ? event.text : event.type === 'end' ? event.reason : event.type)
      if (event.type === 'end') reading.outcome = 'end'
    }
    reading.outcome ??= 'nothing more'
  } catch (error) {
    reading.outcome = /\((\w+)\)/.exec(String(error))?.[1] ?? String(error)
  }
}
