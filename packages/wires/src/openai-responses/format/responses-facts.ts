import type { JsonObject } from '../../json/json-object.ts'
import { isJsonObject } from '../../json/json-object.ts'

/** What the wire stores with a stream, so that any instance writes it identically. */
export interface ResponsesFacts {
  /** Unix seconds. */
  readonly created: number
  readonly model: string
  /** JSON text of what a response repeats of its request: `instructions`, `tools`, `metadata` … Default: nothing. */
  readonly request?: string | undefined
  /** Whether the request asked to go on without its client. Default false. */
  readonly background?: boolean | undefined
  readonly [name: string]: string | number | boolean | null | undefined
}

/** Members of a request that its response repeats, with what they are where a request has none. */
const REPEATED: JsonObject = {
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: true,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
  user: null,
}
/** Members that a response has where its request had them. */
const KEPT = ['max_tool_calls', 'prompt_cache_key', 'safety_identifier', 'service_tier', 'top_logprobs', 'conversation']

/**
 * The facts of a stream that a request for a response starts.
 *
 * @example
 * ```ts
 * const facts = responsesFacts({ model: 'm', input: 'Hi', temperature: 0.5 }, Math.floor(Date.now() / 1000))
 * ```
 */
export function responsesFacts(body: JsonObject, created: number): ResponsesFacts {
  const names = [...Object.keys(REPEATED), ...KEPT]
  const said = names.filter((name) => body[name] !== undefined && body[name] !== null)
  const request = Object.fromEntries(said.map((name) => [name, body[name]]))
  return {
    created,
    model: typeof body.model === 'string' ? body.model : '',
    ...(said.length > 0 && { request: JSON.stringify(request) }),
    ...(body.background === true && { background: true }),
  }
}

/** What a response repeats of its request. */
export function repeatedOf({ request }: ResponsesFacts): JsonObject {
  return { ...REPEATED, ...parsed(request) }
}

function parsed(text: string | undefined): JsonObject {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return isJsonObject(value) ? value : {}
  } catch {
    // Facts of another wire, or of another version.
    return {}
  }
}
