import type { ClientReading } from '@sluice/core'
import { CLIENT_READING_NAMES, parseClientReading } from '@sluice/core/extend'

/** Twins of the body's `sluice` that say how a stream is started. */
const START_NAMES: readonly string[] = ['key', 'ifRunning', 'onDisconnect', 'meta']
const SWITCHES: Readonly<Record<string, boolean>> = { 1: true, true: true, 0: false, false: false }

/**
 * What the query of a GET says of its reading: `ids`, `maxDelayMs`, `maxTokens`, the twins of the body's `sluice`. Other
 * names are somebody else's.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function readClientQuery(query: URLSearchParams): ClientReading {
  return parseClientReading(valuesOf(query, CLIENT_READING_NAMES), 'query')
}

/**
 * What the query of a POST says: no more than `ids`. The rest is in the body.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function readIdsQuery(query: URLSearchParams): ClientReading {
  return parseClientReading(valuesOf(query, ['ids']), 'query')
}

/**
 * What the query says on a path that starts nothing: a twin that says how a stream is started is refused there, except those in `known`.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function readReadingQuery(query: URLSearchParams, known: readonly string[] = []): ClientReading {
  const names = [...CLIENT_READING_NAMES, ...START_NAMES].filter((name) => !known.includes(name))
  return parseClientReading(valuesOf(query, names), 'query')
}

function valuesOf(query: URLSearchParams, names: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const name of names) {
    const text = query.get(name)
    if (text !== null) values[name] = name === 'ids' ? (SWITCHES[text] ?? text) : numberOr(text)
  }
  return values
}

/** A text that is no number stays one: it is refused as what it is. */
function numberOr(text: string): number | string {
  return /^\d{1,15}$/.test(text) ? Number(text) : text
}
