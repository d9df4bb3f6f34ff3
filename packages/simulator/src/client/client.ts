import type { Frames } from './frames.ts'

/** What a client does with text: it says when it has painted so many characters. */
export interface Client {
  arrived(chars: number): void
  /** Nothing more will come. */
  over(): void
}

export type ClientKind = (frames: Frames, onPainted: (chars: number) => void) => Client
