import { isSluiceError, type Json } from '@sluice/core'
import type { JsonObject } from '@sluice/wires/openai'

import type { AskedFormat } from './chat-translation.ts'

/** How long a route counts as missing: a backend may be replaced by one that has it. */
const MISSING_FOR_MS = 3_600_000

/** Which formats a backend has no route for, as it has shown. */
export class MissingRoutes {
  readonly #sinceMs: Map<AskedFormat, number> = new Map()

  has(format: AskedFormat): boolean {
    const sinceMs = this.#sinceMs.get(format)
    return sinceMs !== undefined && performance.now() - sinceMs < MISSING_FOR_MS
  }

  note(format: AskedFormat): void {
    this.#sinceMs.set(format, performance.now())
  }
}

/**
 * What a refusal says of the route that was asked: it is `there`; it is `missing`, whoever asks; or `unclear`, so that this
 * client is served in another way, and nothing is concluded for others.
 */
export type RouteVerdict = 'there' | 'missing' | 'unclear'

/** Words for an address. */
const ADDRESS = /\b(?:ur[il]s?|path|routes?|endpoint|page|cannot (?:post|get))\b|\/(?:responses|messages)\b/i
/** Words that name nothing at all. */
const NOTHING_NAMED =
  /^[^a-z]*(?:(?:error|http|status|nginx|the|requested|resource|file|not|found|nothing|here|is|was|on|this|server)\b[^a-z]*)*$/i
/** What is not there is something else that was asked for. */
const ANOTHER_THING = /\bmodels?\b|previous_response/i
/** Members that name what the backend keeps: it may say of that, too, that it is not there. */
const KEPT =
  /"(?:previous_response_id|conversation|prompt|container|connector_id|skill_id|file_ids?|vector_store_ids)":(?!null)|"item_reference"/

/** What `error` says of the route that `body` was sent to. One client's mistake must not decide for all the others. */
export function judgeRoute(error: unknown, body: JsonObject): RouteVerdict {
  if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_BACKEND') return 'there'
  if (error.status === 405 || error.status === 501) return 'missing'
  if (error.status !== 404) return 'there'
  const words = wordsOf(error.extra)
  if (ANOTHER_THING.test(words)) return 'there'
  const own = withoutName(words, body)
  const isOfRoute = ADDRESS.test(own) || NOTHING_NAMED.test(own)
  if (KEPT.test(JSON.stringify(body))) return isOfRoute ? 'unclear' : 'there'
  return isOfRoute ? 'missing' : 'unclear'
}

function wordsOf(extra: unknown): string {
  const { error } = (extra ?? {}) as { error?: { message?: Json } }
  return typeof error?.message === 'string' ? error.message : ''
}

/** Without the name that the client gave: it may be any word. */
function withoutName(words: string, { model }: JsonObject): string {
  return typeof model === 'string' && model !== '' ? words.replaceAll(model, '') : words
}
