import type { Wire, WireFacts } from '@sluice/core/extend'

import type { DecodedMessage } from '../rig/decoder.ts'

/** What an application makes of one message. Nothing: it says nothing about the answer's text, or its end. */
export interface Heard {
  readonly text?: string | undefined
  /** `complete`: the answer is over and whole. `cut`: it is over, or this reading is, and the application is told so. */
  readonly over?: 'complete' | 'cut' | undefined
}

/** A wire over server-sent events, and an application that reads it. */
export interface DecodedWire {
  readonly wire: Wire
  /** What is stored with a stream of this wire. */
  readonly facts?: WireFacts | undefined
  /** Whether its readers ask for ids. */
  readonly ids: boolean
  /** What the application makes of a message; throws where it cannot read one, as it would itself. */
  readonly hear: (message: DecodedMessage) => Heard | undefined
  /** Decoders that this wire is not for, by name, and why. They must fail. */
  readonly unread?: Readonly<Record<string, string>> | undefined
  /** Decoders that read this wire, but cannot come back with an id without loss or repetition, and why. They must fail to. */
  readonly unresumed?: Readonly<Record<string, string>> | undefined
}
