import type { EndEvent, FinishReason, StreamEvent } from '@sluice/core'

import type { Environment } from '../clock/environment.ts'
import { cutError } from '../errors/client-error.ts'
import type { LinkInput } from '../machine/resume-input.ts'
import type { LinkListener, LinkRequest, Transport } from './link.ts'
import { parseMembers } from './native-message.ts'
import { type Chunk, type Choice, eventsOfChoice, eventsOfUsage, finishOf } from './open-ai-chunk.ts'
import { SseLink } from './sse-link.ts'

/**
 * OpenAI's chat completions over SSE, as sluice writes them: `start('/v1/chat/completions', { stream: true, … })`. It asks for ids, and resumes
 * like any other way. From a server that gives none a stream that was cut fails, for nothing tells where it was.
 *
 * @example
 * ```ts
 * const stream = start('/v1/chat/completions', { stream: true, messages }, { transport: openAiSse })
 * ```
 */
export const openAiSse: Transport = {
  name: 'openai-sse',
  open: (request, listener) => new OpenAiLink(withIds(request), listener),
}

/** What a stream has said already, and does not say again after a cut. */
interface Said {
  /** Ids of the calls that have begun, by their place. */
  readonly tools: Map<string, string>
  /** Why choice 0 is finished. */
  reason: FinishReason
}

/** Each stream has an environment of its own. */
const SAID = new WeakMap<Environment, Said>()

class OpenAiLink extends SseLink {
  readonly #said: Said
  /** What came since the last id: it is told with the next one, for a cut between them repeats it. */
  #pending: StreamEvent[] = []
  #seenId = ''
  #isOpen = false
  /** Something was told of which nothing says where it was. */
  #isLost = false

  constructor(request: LinkRequest, listener: LinkListener) {
    super(request, listener)
    const { environment } = request
    this.#said = SAID.get(environment) ?? { tools: new Map(), reason: 'stop' }
    SAID.set(environment, this.#said)
  }

  protected override tell(_event: string, data: string, id: string): void {
    if (this.signal.aborted) return
    if (!this.#isOpen) this.say({ type: 'opened' })
    this.#isOpen = true
    if (data === '[DONE]') {
      const end: EndEvent = { type: 'end', reason: this.#said.reason, complete: true }
      this.#pending.push(end)
    } else {
      const chunk = parseMembers('chunk', data) as Chunk
      if (chunk.error) return this.#cut(id)
      this.#read(chunk)
    }
    if (id === this.#seenId && id !== '' && data !== '[DONE]') return
    this.#flush(id)
  }

  protected override say(input: LinkInput): void {
    super.say(input.type === 'broken' && this.#isLost ? { ...input, type: 'refused' } : input)
  }

  /** With an id it is the stream's end, of which this wire tells no more: there it is asked for. Without one, this reading's alone. */
  #cut(id: string): void {
    if (id === this.#seenId) throw cutError('The server cut the answer off.')
    this.#flush(id)
    this.say({ type: 'closed', code: 'rotate', cursor: id })
  }

  #read(chunk: Chunk): void {
    for (const choice of chunk.choices ?? []) this.#readChoice(choice)
    this.#pending.push(...eventsOfUsage(chunk.usage))
  }

  #readChoice(choice: Choice): void {
    this.#pending.push(...eventsOfChoice(choice, this.#said.tools))
    const reason = finishOf(choice)
    if (reason === undefined) return
    if (choice.index) this.#pending.push({ type: 'finish', reason, choice: choice.index })
    else this.#said.reason = reason
  }

  #flush(id: string): void {
    const events = this.#pending
    this.#pending = []
    this.#seenId = id
    this.#isLost ||= id === '' && events.length > 0
    // An id without events is a place as well.
    if (events.length === 0) return this.say({ type: 'alive' })
    for (const [index, event] of events.entries()) {
      this.listener.event(event, id !== '' && index === events.length - 1 ? id : undefined)
    }
  }
}

/** Ids are asked for in the query, of a `POST` too. */
function withIds(request: LinkRequest): LinkRequest {
  const { start, query } = request
  if (!start) return { ...request, query: { ...query, ids: '1' } }
  const url = new URL(start.url)
  url.searchParams.set('ids', '1')
  return { ...request, start: { ...start, url: url.href }, query: { ...query, ids: '1' } }
}
