import type { LinkRequest } from '../link/link.ts'

/** What a reading begins with. */
export interface ReadingStart {
  /** The request that leads to the stream, as long as it is not known where it can be read. */
  start?: LinkRequest['start']
  url?: string | undefined
  cursor?: string | undefined
  /** Whether `start` may be repeated when its answer was lost. */
  repeatable: boolean
  query?: Readonly<Record<string, string>> | undefined
}
