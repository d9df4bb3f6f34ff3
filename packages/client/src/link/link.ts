import type { EndEvent, StreamEvent } from '@sluice/core'

import type { Environment } from '../clock/environment.ts'
import type { LinkInput, Refusal } from '../machine/resume-input.ts'

/** What a connection is asked for. */
export interface LinkRequest {
  /** How the stream is started, as long as it is not known where it can be read. */
  start:
    | { url: string; method: string; body: string | undefined; headers: Readonly<Record<string, string>> }
    | undefined
  /** Where the stream can be read, once that is known, without a cursor. */
  url: string | undefined
  /** Goes on after it. */
  cursor: string | undefined
  /** Members of the query of a reading, as wishes. */
  query: Readonly<Record<string, string>>
  /** Credentials and whatever else the application sends. */
  headers: Readonly<Record<string, string>>
  credentials: RequestCredentials | undefined
  environment: Environment
  /**
   * Settles when the reader takes more, where it wants several events at a time. A link that is woken by every piece of the
   * network may wait for it before it reads the next one.
   */
  rest?: (() => Promise<void> | undefined) | undefined
}

/** What becomes known of the stream with a connection. */
export interface StreamFacts {
  /** Where it can be read, cancelled and so on. */
  url?: string | undefined
  id?: string | undefined
  meta?: Readonly<Record<string, unknown>> | undefined
}

/** Who is told what a connection brings. */
export interface LinkListener {
  /** Before the first input that it belongs to. */
  learned(facts: StreamFacts): void
  /** What the connection is told, and what becomes of it. */
  said(input: LinkInput): void
  /** An event, with the cursor after it; without one where it is shown before it is stored. */
  event(event: StreamEvent, cursor: string | undefined): void
}

/** How a stream is read at present. */
export interface Way {
  /** Name of the transport in use. */
  readonly name: string
  /** True where something between here and the server was found to keep answers back. */
  readonly buffered?: boolean | undefined
}

/** A connection that brings one reading. */
export interface Link {
  /** Which way it takes, where its transport has several. */
  readonly way?: Way | undefined
  /** Leaves it: nothing of it is told any more. */
  close(): void
  /** Takes nothing from the network until it is resumed, which the server feels. */
  setPaused(paused: boolean): void
}

/** A request about a stream that is on its way. */
export interface ControlRequest extends Pick<LinkRequest, 'headers' | 'credentials' | 'environment'> {
  verb: 'cancel' | 'send' | 'ack'
  /** Where the stream can be read. */
  url: string
  body: unknown
}

/** What became of a {@link ControlRequest}. */
export interface ControlOutcome {
  answer?: Record<string, unknown> | undefined
  refusal?: Refusal | undefined
}

/** A way to read a stream: opens a connection at once, and tells a listener of it. Never throws. */
export interface Transport extends Way {
  /** Opens a connection; `listener` is told nothing before this has returned. */
  open(request: LinkRequest, listener: LinkListener): Link
  /** Carries a request about a stream, where it has a way of its own for that; else, and for nothing, it goes over HTTP. */
  control?(request: ControlRequest): Promise<ControlOutcome> | undefined
}

/** The end that an event is, if it is one. */
export function endIn(event: StreamEvent): EndEvent | undefined {
  return event.type === 'end' ? event : undefined
}
