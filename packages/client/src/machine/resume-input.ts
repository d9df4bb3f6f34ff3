import type { EndEvent, SluiceError } from '@sluice/core'

/** Where a stream is, as its reader sees it. */
export type StreamStatus = 'connecting' | 'waiting' | 'streaming' | 'resuming' | 'ended'

/** What one connection tells. Whatever comes of another one than the present is passed over. */
export type LinkInput =
  /** The answer is a stream of events, and this is where they begin. */
  | { type: 'opened'; cursor?: string | undefined }
  /** An event, with the cursor after it, where it has one; the stream's end is one too. */
  | { type: 'event'; cursor?: string | undefined; end?: EndEvent | undefined }
  /** Something came, be it a heartbeat. */
  | { type: 'alive' }
  /** The server's wish for the time before a reconnect. */
  | { type: 'retry'; retryMs: number }
  /** The server ends this reading. */
  | { type: 'closed'; code: string; cursor?: string | undefined }
  /** The connection is over without an end: another one may go on. */
  | { type: 'broken'; error: SluiceError }
  /** The server refuses, and would again. */
  | { type: 'refused'; error: SluiceError }

/** What a connection tells where no stream is to be had from it. */
export type Refusal = Extract<LinkInput, { type: 'refused' | 'broken' }>

/** What happens to a stream. */
export type Input =
  | { type: 'begin' }
  | { type: 'link'; link: number; said: LinkInput }
  | { type: 'timer' }
  | { type: 'wake' }
  | { type: 'offline' }
  /** The reader takes nothing for now, or takes again. */
  | { type: 'paused'; paused: boolean }
  | { type: 'authorized' }
  | { type: 'unauthorized'; error: SluiceError }
  | { type: 'detach' }

/** What is to be done about it. */
export type Effect =
  /** Open connection number `link`, to go on after `cursor`, or from the beginning. */
  | { type: 'connect'; link: number; cursor: string | undefined }
  | { type: 'disconnect' }
  /** Hand on the event that came. */
  | { type: 'deliver' }
  /** Ask the application for a fresh credential. */
  | { type: 'authorize' }
  /** The status has changed. */
  | { type: 'status' }
  /** Reading is over, and the status with it: with the stream's end, with an error, or because its reader left. */
  | { type: 'over'; end?: EndEvent | undefined; error?: SluiceError | undefined }
