import {
  createSluice,
  type Principal,
  type Sluice,
  type SluiceOptions,
  type Source,
  type SourceItem,
} from '@sluice/core'
import { createSseParser, type SseEvent } from '@sluice/sse'
import {
  createStreamResource,
  type HttpRequest,
  planToResponse,
  type RunnerBody,
  type StreamResource,
  type StreamResourceOptions,
} from '@sluice/http'

/** What stands for a framework's request in these tests. */
export interface Visitor {
  principal: Principal | undefined
}

/** A request as a test writes it down. */
export interface Ask {
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  owner?: string | undefined
  stranger?: boolean
  signal?: AbortSignal
  mount?: string
}

/** A source that a test drives. */
export interface Script {
  readonly source: Source
  /** Settles the source's function: the source is open. */
  open(): void
  /** The source's function rejects. */
  refuse(error: unknown): void
  give(item: SourceItem): void
  finish(): void
  fail(error: unknown): void
  readonly calls: number
  readonly signal: AbortSignal | undefined
}

export function createScript(): Script {
  const opened = Promise.withResolvers<void>()
  opened.promise.catch(() => {})
  const steps: ({ item: SourceItem } | { error: unknown } | 'end')[] = []
  let wake = (): void => {}
  let calls = 0
  let signal: AbortSignal | undefined
  const add = (step: (typeof steps)[number]): void => {
    steps.push(step)
    wake()
  }
  async function* run(aborted: AbortSignal): AsyncGenerator<SourceItem> {
    for (;;) {
      const step = steps.shift()
      if (step === 'end') return
      if (step && 'error' in step) throw step.error
      if (step) yield step.item
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
          aborted.addEventListener('abort', () => resolve(), { once: true })
        })
        aborted.throwIfAborted()
      }
    }
  }
  return {
    source: async (context) => {
      calls++
      signal = context.signal
      const left = Promise.withResolvers<never>()
      left.promise.catch(() => {})
      context.signal.addEventListener('abort', () => left.reject(context.signal.reason), { once: true })
      await Promise.race([opened.promise, left.promise])
      return run(context.signal)
    },
    open: () => opened.resolve(),
    refuse: (error) => opened.reject(error),
    give: (item) => add({ item }),
    finish: () => add('end'),
    fail: (error) => add({ error }),
    get calls() {
      return calls
    },
    get signal() {
      return signal
    },
  }
}

/** A source that is open at once and says `tokens`. */
export function saying(...tokens: SourceItem[]): Source {
  return () => tokens
}

export interface Rig {
  readonly sluice: Sluice
  readonly resource: StreamResource<Visitor>
  /** Bodies the runner was called with. */
  readonly bodies: RunnerBody[]
  readonly errors: unknown[]
  readonly ask: (method: string, url: string, ask?: Ask) => Promise<Response>
  readonly request: (method: string, url: string, ask?: Ask) => HttpRequest<Visitor>
}

export type RigOptions = Partial<Omit<StreamResourceOptions<Visitor>, 'sluice'>> & {
  sluice?: SluiceOptions
  /** What every start runs; `undefined` for a resource without a runner. */
  source?: Source | (() => Source) | undefined
}

/** A resource and a way to ask it, with no server in between. */
export function createRig(source: Source | undefined, options: RigOptions = {}): Rig {
  const sluice = createSluice(options.sluice ?? {})
  const bodies: RunnerBody[] = []
  const errors: unknown[] = []
  const { sluice: _, source: __, ...rest } = options
  const resource = createStreamResource<Visitor>({
    sluice,
    identify: (visitor) => visitor.principal,
    runner: source && ((body) => (bodies.push(body), source)),
    onError: (error) => errors.push(error),
    ...rest,
  })
  const request = (method: string, url: string, ask: Ask = {}): HttpRequest<Visitor> => toRequest(method, url, ask)
  return {
    sluice,
    resource,
    bodies,
    errors,
    request,
    ask: async (method, url, ask) => planToResponse(await resource.handle(request(method, url, ask))),
  }
}

export function toRequest(method: string, url: string, ask: Ask): HttpRequest<Visitor> {
  const { headers = {}, json, owner = 'ada', stranger = false, signal, mount = '/v1' } = ask
  const { pathname, searchParams } = new URL(url, 'http://sluice.test')
  const own: Record<string, string> = json === undefined ? {} : { 'content-type': 'application/json' }
  for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = value
  return {
    method,
    path: pathname,
    query: searchParams,
    header: (name) => own[name],
    body: async () => JSON.parse(JSON.stringify(json)) as unknown,
    signal: signal ?? new AbortController().signal,
    raw: { principal: stranger ? undefined : { owner } },
    mount,
  }
}

/** All events of a response. */
export async function eventsOf(response: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  const parser = createSseParser({ onEvent: (event) => events.push(event) })
  parser.push(await response.text())
  parser.end()
  return events
}

/** The text of a native stream's events. */
export function textOf(events: readonly SseEvent[]): string {
  return events
    .filter(({ event }) => event === 'text')
    .map(({ data }) => (JSON.parse(data) as { text: string }).text)
    .join('')
}

/** The text of an OpenAI stream's events. */
export function chatTextOf(events: readonly SseEvent[]): string {
  return events
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => JSON.parse(data) as { choices?: { delta: { content?: string | null } }[] })
    .map(({ choices }) => choices?.[0]?.delta.content ?? '')
    .join('')
}

export const CHAT = { model: 'demo', messages: [{ role: 'user', content: 'hi' }] }

export { until } from '@sluice/testing/patience'
