import type { Batch, BatchList, UploadedFile } from './batch-answer.ts'
import type { LiveAnswer } from './live-answer.ts'

/** What a request came to that the page cannot go on with. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A stream that has been started. */
export interface Started {
  readonly id: string
  readonly cursor: string
}

type Fetch = typeof fetch

const MAX_METADATA_CHARS = 512

/** The gateway that serves this page. Everything is asked for beside the page, so that a prefix may stand before both. */
export class Server {
  /** With a slash at its end. */
  readonly base: string = new URL('.', location.href).href
  #key: string | undefined
  #model: Promise<string | undefined> | undefined
  /** By how much its clock is ahead of the one here. */
  #aheadMs = 0

  /** Whether a key was given: nothing is kept of it but in here. */
  get hasKey(): boolean {
    return this.#key !== undefined
  }

  /** Milliseconds since 1970 by the clock of the gateway, to a second. */
  get nowMs(): number {
    return Date.now() + this.#aheadMs
  }

  useKey(key: string): void {
    this.#key = key
    this.#model = undefined
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }
  }

  streamUrl(id: string): string {
    return `${this.base}v1/streams/${encodeURIComponent(id)}`
  }

  /** What the gateway has seen of one's own streams. @throws Refused */
  live(limit: number): Promise<LiveAnswer> {
    return this.#ask<LiveAnswer>(`v1/live?limit=${limit}`)
  }

  /** A credential for one socket. @throws Refused */
  async ticket(fetchWith: Fetch): Promise<string> {
    const { ticket } = await this.#ask<{ ticket: string }>('v1/tickets', { method: 'POST' }, fetchWith)
    return ticket
  }

  /** Starts a stream that goes on whoever reads it. @throws Refused */
  async start(prompt: string, fetchWith: Fetch): Promise<Started> {
    const body = JSON.stringify({ ...(await this.bodyOf(prompt)), background: true })
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID?.() ?? `${Math.random()}`,
    }
    return this.#ask<Started>('v1/streams', { method: 'POST', body, headers }, fetchWith)
  }

  /** Ends a stream for everybody. @throws Refused */
  async cancel(id: string): Promise<void> {
    await this.#ask(`v1/streams/${encodeURIComponent(id)}/cancel`, { method: 'POST' })
  }

  /** One's own batches, the newest first. @throws Refused */
  batches(limit: number): Promise<BatchList> {
    return this.#ask<BatchList>(`v1/batches?limit=${limit}`)
  }

  /** Begins to work at a file that was uploaded. @throws Refused */
  beginBatch({ id, filename }: UploadedFile, endpoint: string): Promise<Batch> {
    const body = JSON.stringify({
      input_file_id: id,
      endpoint,
      completion_window: '24h',
      // Of its input a batch has the id only.
      metadata: { filename: filename.slice(0, MAX_METADATA_CHARS) },
    })
    return this.#ask<Batch>('v1/batches', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  }

  /** Lines that have begun are still answered. @throws Refused */
  async cancelBatch(id: string): Promise<void> {
    await this.#ask(`v1/batches/${encodeURIComponent(id)}/cancel`, { method: 'POST' })
  }

  fileUrl(id: string): string {
    return `${this.base}v1/files/${encodeURIComponent(id)}/content`
  }

  /** What is asked of the model. The demo runner is asked for enough to look at. */
  async bodyOf(prompt: string): Promise<object> {
    const model = await this.model()
    const demo = model === 'sluice-demo' ? { sluice_demo: { tokens: 340, interTokenMs: 18 } } : {}
    return { messages: [{ role: 'user', content: prompt }], ...(model !== undefined && { model }), ...demo }
  }

  /** The first model that the backend tells of. */
  model(): Promise<string | undefined> {
    return (this.#model ??= this.#firstModel())
  }

  async #firstModel(): Promise<string | undefined> {
    try {
      const { data } = await this.#ask<{ data?: { id?: string }[] }>('v1/models')
      return data?.[0]?.id
    } catch {
      // A backend that does not tell its models may know what to do without one.
      return undefined
    }
  }

  async #ask<Answer>(path: string, init: RequestInit = {}, fetchWith: Fetch = fetch): Promise<Answer> {
    const headers = { accept: 'application/json', ...this.headers, ...(init.headers as Record<string, string>) }
    let response: Response
    try {
      response = await fetchWith(this.base + path, { cache: 'no-store', ...init, headers })
    } catch {
      throw new Refused(0, 'The gateway cannot be reached.')
    }
    const saidMs = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(saidMs)) this.#aheadMs = saidMs - Date.now()
    if (!response.ok) throw await refusalOf(response)
    return (await response.json()) as Answer
  }
}

/** What an answer that is none says, in its own words where it has some. */
export async function refusalOf(response: Response): Promise<Refused> {
  return refusalIn(response.status, await response.text().catch(() => ''))
}

/** The same of a body that has been read. */
export function refusalIn(status: number, body: string): Refused {
  try {
    const told = JSON.parse(body) as { detail?: string; error?: { message?: string } }
    const message = told.detail ?? told.error?.message
    if (message) return new Refused(status, message)
  } catch {
    // A page of a proxy, say.
  }
  return new Refused(status, `The gateway answered with the status ${status}.`)
}
