import type { StreamEvent } from '@sluice/core'

import { lost } from '../machine/place.ts'

/** What is remembered at most. Of a reader that was given more than that, a cut is final. */
const MOST_CHARS = 2 ** 20
/** Nothing that is told begins with it. */
const TOO_MUCH = '\x01'

/** Finds out what of a stream's events is new. */
export interface Unplaced {
  /** A connection goes on after `place`: where that is another one, what was given before does not come again. */
  begin(place: string | undefined): void
  /**
   * What of an event has not been given yet. `cursor`: the one after it; `place`: the one before it.
   *
   * @throws SluiceError `SLUICE_ERR_CURSOR_AHEAD` where the stream now says something else than what was given
   */
  news(event: StreamEvent, cursor: string | undefined, place: string | undefined): StreamEvent | undefined
}

/**
 * Remembers what a reader was given without a cursor (the server's store did not answer) since the last one. A connection that goes on
 * after that cursor brings it once more, cut into other pieces perhaps: what was given already is passed over.
 */
export function createUnplaced(): Unplaced {
  /** Its words, and the JSON of what has none. */
  let told = ''
  /** So much of it this connection has brought. */
  let again = 0
  /** The cursor after which it was told. */
  let toldAfter: string | undefined

  return {
    begin(place) {
      if (place !== toldAfter) told = ''
      again = 0
    },
    news(event, cursor, place) {
      const said = 'text' in event ? event.text : JSON.stringify(event)
      const known = told.slice(again, (again += said.length))
      if (!said.startsWith(known)) throw lost('storage')
      const news = said.slice(known.length)
      if (cursor === undefined) told += news
      else {
        told = told.slice(again)
        again = 0
      }
      if (told.length > MOST_CHARS) {
        told = TOO_MUCH
        again = 1
      }
      toldAfter = cursor ?? place
      return known === '' ? event : news === '' ? undefined : ({ ...event, text: news } as StreamEvent)
    },
  }
}
