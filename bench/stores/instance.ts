import type { SourceInput, Tokens } from '../traffic/source.ts'

/** One reading of a stream. */
export interface Reading {
  /** Reads to the end, each piece given to `onText`; resolves with {@link COMPLETE}, or with why the text is not whole. */
  read(onText: (piece: string) => void): Promise<string>
  /** Leaves before the end; the stream goes on. */
  leave(): void
}

/** One process that shares a store with others: the same few steps for every contestant. */
export interface Instance {
  /** Settles when the store answers. */
  ready(): Promise<unknown>
  /** Starts a stream; its reading here is that of the client that asked for it. */
  start(source: (input?: SourceInput) => Tokens): Promise<{ id: string; reading: Reading }>
  /** Reads a stream from token `from` on, whoever produces it. `undefined`: there is nothing to be had any more. */
  attach(id: string, from: number): Promise<Reading | undefined>
  /** Ends a stream for everybody, whoever produces it. */
  cancel(id: string): Promise<void>
}

/** What a reading says at its end when nothing is missing. */
export const COMPLETE = 'complete'
/** What it says when it was left. */
export const LEFT = 'left'
