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
  /** Whether its client said that it shall go on without it. */
  background: boolean
  /** What the client says of its stream, by who takes it. */
  client: ParsedClientOptions
  /** What wires need to write the same bytes anywhere. */
  facts: WireFacts & { created: number; model: string }
}

/** Where a stream is started, which says what its body looks like. */
export type StartRoute = 'chat' | 'native' | 'responses' | 'messages'

const MAX_MESSAGE_CHARS = 200

const common = {
  model: z.nullish(z.string().check(z.maxLength(512))),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(z.looseObject({ include_usage: z.nullish(z.boolean()) })),
}

const chatBody = z.looseObject(common)
const nativeBody = z.looseObject({ ...common, background: z.nullish(z.boolean()) })
// A response's or a message's options of streaming are others.
const { stream_options: _, ...foreign } = common
const responseBody = z.looseObject({ ...foreign, background: z.nullish(z.boolean()) })
const messageBody = z.looseObject(foreign)
const BODIES = { chat: chatBody, native: nativeBody, responses: responseBody, messages: messageBody }

/** Says in words what is wrong: the small zod brings none. */
const { localeError: words } = en()

/**
 * Reads the body of a request to start a stream. `limits`: what it may consist of, as `bodies` of the sluice has it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseStartBody(value: unknown, route: StartRoute, limits?: JsonLimits): StartBody {
  const whole = requireSafeJson(value, 'The body', { limits })
  // Each has what the others have, or may have it.
  const parsed = parseWith(BODIES[route] as typeof nativeBody, whole)
  // `background` is ours on our own route; on a provider's it is the provider's.
  const { sluice, ...forRunner } = whole as RunnerBody
  const { background, ...withoutMode } = forRunner
  const body = route === 'native' ? withoutMode : forRunner
  const isBackground = (route === 'native' || route === 'responses') && background === true
  return {
    whole,
    body,
    mode: modeOf(route, parsed.stream, isBackground),
    background: isBackground,
    client: parseClientOptions(sluice),
    facts: factsOf(parsed),
  }
}

function modeOf(route: StartRoute, stream: boolean | null | undefined, background: boolean): StartBody['mode'] {
  // A response in the background may be streamed all the same: its stream goes on without its reader.
  if (background && !(route === 'responses' && stream === true)) return 'background'
  return (stream ?? route === 'native') ? 'stream' : 'json'
}

function factsOf({ model, stream_options: options }: z.output<typeof nativeBody>): StartBody['facts'] {
  const created = Math.floor(Date.now() / 1000)
  const includeUsage = options?.include_usage === true
  return { created, model: model ?? '', ...(includeUsage && { includeUsage }) }
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
