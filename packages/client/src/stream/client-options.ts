import { invalidOption, resolveGroup } from '../errors/option-rules.ts'
import { type BufferOptions, type ResolvedBufferOptions, resolveBufferOptions } from '../buffer/buffer-options.ts'
import type { Transport, Way } from '../link/link.ts'
import { sse } from '../link/sse-link.ts'
import type { StreamStatus } from '../machine/resume-input.ts'
import { type ResolvedResumeOptions, type ResumeOptions, resolveResumeOptions } from '../machine/resume-options.ts'

/** What is sent with every request. */
export type ClientHeaders = Readonly<Record<string, string>>

/** What the client asks of its chunks; the server's policy decides what becomes of it. */
export interface ClientWishes {
  /** How long a token may wait for others, in milliseconds. */
  maxDelayMs?: number | undefined
  /** How many tokens may travel together. */
  maxTokens?: number | undefined
}

/** Options of every stream of a client. */
export interface ClientOptions {
  headers?: ClientHeaders | undefined
  /** Whether cookies are sent: `fetch`'s own option. */
  credentials?: RequestCredentials | undefined
  /**
   * Gives headers with a credential. It is asked before the first request, and again when the server refuses the credential
   * or says that it has expired.
   */
  authorize?: (() => ClientHeaders | Promise<ClientHeaders>) | undefined
  resume?: ResumeOptions | undefined
  buffer?: BufferOptions | undefined
  wishes?: ClientWishes | undefined
  /** Leaves the stream when it aborts; the stream may go on without this reader. */
  signal?: AbortSignal | undefined
  /** Is told each status, and how the stream is read at present: by which transport, and whether something keeps answers back. */
  onStatus?: ((status: StreamStatus, way: Way) => void) | undefined
  /**
   * How the stream is read.
   * @defaultValue `sse`
   */
  transport?: Transport | undefined
  /** In place of the global one. */
  fetch?: typeof fetch | undefined
}

/** {@link ClientOptions}, checked. */
export interface ResolvedClientOptions extends ClientOptions {
  headers: ClientHeaders
  resume: ResolvedResumeOptions
  buffer: ResolvedBufferOptions
  transport: Transport
  /** Members of the query of a reading. */
  query: Readonly<Record<string, string>>
}

const NO_WISHES = { maxDelayMs: 0, maxTokens: 0 }

/** Fills in defaults. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const { transport = sse, headers = {} } = options
  const query: Record<string, string> = {}
  for (const [name, wish] of Object.entries(resolveGroup('wishes', options.wishes, NO_WISHES))) {
    if (wish > 0) query[name] = String(wish)
  }
  return {
    ...options,
    headers,
    transport,
    query,
    resume: resolveResumeOptions(options.resume),
    buffer: resolveBufferOptions(options.buffer),
  }
}

/** An absolute address. In a page a relative one belongs to the page. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveUrl(name: string, url: string | URL): string {
  try {
    return new URL(url, (globalThis.location as Location | undefined)?.href).href
  } catch {
    throw invalidOption(name, url, 'an address, absolute outside a page')
  }
}
