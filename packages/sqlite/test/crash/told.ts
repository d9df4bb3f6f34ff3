/** What a process that is about to be killed says of its streams, a line each, once it is so. */
export type Told =
  | {
      readonly is: 'started'
      readonly id: string
      readonly key?: string
      readonly repeat?: string
      readonly named: boolean
      readonly total: number
    }
  /** A reader was shown so many characters of its text. */
  | { readonly is: 'shown'; readonly id: string; readonly length: number }
  | { readonly is: 'ended'; readonly id: string; readonly reason: string }
  | { readonly is: 'erasing' | 'erased'; readonly id: string }

/** What every stream says: it can be told from any part of it what follows. */
export function countTo(total: number): string {
  return Array.from({ length: total }, (_, index) => `${index} `).join('')
}
