import { type Json, parseClientOptions, type ParsedClientOptions, SluiceError } from '@sluice/core'
import { type JsonLimits, requireSafeJson, type WireFacts } from '@sluice/core/extend'
import en from 'zod/v4/locales/en.js'
import * as z from 'zod/mini'

/** The body of a request to start a stream, as a runner gets it: everything the client sent but what was meant for us. */
export type RunnerBody = { readonly [name: string]: Json | undefined }

/** A body that was understood. */
export interface StartBody {
  /** All of it, for its fingerprint. */
  whole: Json
  /** What the runner gets. */
  body: RunnerBody
  mode: 'stream' | 'json' | 'background'
  /** What the client says of its stream, by who takes it. */
  client: ParsedClientOptions
  /** What wires need to write the same bytes anywhere. */
  facts: WireFacts & { created: number; model: string }
}

const MAX_MESSAGE_CHARS = 200

const common = {
  model: z.nullish(z.string().check(z.maxLength(512))),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(z.looseObject({ include_usage: z.nullish(z.boolean()) })),
}

const chatBody = z.looseObject(common)
const nativeBody = z.looseObject({ ...common, background: z.nullish(z.boolean()) })

/** Says in words what is wrong: the small zod brings none. */
const { localeError: words } = en()

/**
 * Reads the body of a request to start a stream. `limits`: what it may consist of, as `bodies` of the sluice has it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseStartBody(value: unknown, route: 'chat' | 'native', limits?: JsonLimits): StartBody {
  const whole = requireSafeJson(value, 'The body', { limits })
  const parsed = parseWith(route === 'chat' ? chatBody : nativeBody, whole)
  // `background` is ours on our own route; on a provider's it is the provider's.
  const { sluice, ...forRunner } = whole as RunnerBody
  const { background, ...withoutMode } = forRunner
  const body = route === 'chat' ? forRunner : withoutMode
  const includeUsage = parsed.stream_options?.include_usage === true
  return {
    whole,
    body,
    mode:
      route === 'native' && background === true ? 'background' : isStreaming(parsed.stream, route) ? 'stream' : 'json',
    client: parseClientOptions(sluice),
    facts: { created: Math.floor(Date.now() / 1000), model: parsed.model ?? '', ...(includeUsage && { includeUsage }) },
  }
}

function isStreaming(stream: boolean | null | undefined, route: 'chat' | 'native'): boolean {
  return stream ?? route === 'native'
}

/**
 * `value`, if `schema` takes it; else an error that names the first wrong field.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseWith<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = z.safeParse(schema, value, { error: words })
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue === undefined || issue.path.length === 0 ? 'The request' : `The field "${issue.path.join('.')}"`
  const message = (issue?.message ?? 'unknown reason').slice(0, MAX_MESSAGE_CHARS)
  throw new SluiceError('SLUICE_ERR_REQUEST', `${field.slice(0, MAX_MESSAGE_CHARS)} is not usable: ${message}.`)
}
