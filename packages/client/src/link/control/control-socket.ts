import type { Environment } from '../../clock/environment.ts'
import { cutError } from '../../errors/client-error.ts'
import type { ControlOutcome, ControlRequest } from '../link.ts'
import { parseMembers } from '../native-message.ts'
import { openSocket, protocolsFor, SOCKET_OPEN, type WebSocketOptions } from '../socket-options.ts'
import { nameIn, socketUrl } from '../stream-place.ts'
import { toldRefusal } from '../told-refusal.ts'

/** How long an answer may take before the socket counts as lost. */
const ANSWER_MS = 10_000
/** After a socket that could not be opened requests go by HTTP for so long. */
const BLOCKED_MS = 30_000

interface Asked {
  request: ControlRequest
  message: object
  isSent: boolean
  settle(outcome: ControlOutcome | undefined): void
}

/**
 * One WebSocket that carries requests about streams whose data come another way. It is opened when it is wanted, made again when it
 * was lost, and closed when nobody reads any more. Nothing that happens to it concerns the data.
 */
export class ControlSocket {
  readonly #options: WebSocketOptions
  readonly #environment: Environment
  readonly #asked = new Map<string, Asked>()
  #socket: WebSocket | undefined
  /** The socket that is about to be made: what was called off before it was is none. */
  #opening: object | undefined
  #users = 0
  #last = 0
  #blockedUntilMs = 0

  constructor(options: WebSocketOptions, environment: Environment) {
    this.#options = options
    this.#environment = environment
  }

  /** Nobody uses it, and it remembers nothing. */
  get isIdle(): boolean {
    const isFree = this.#users === 0 && this.#asked.size === 0 && !this.#socket && !this.#opening
    return isFree && this.#environment.now() >= this.#blockedUntilMs
  }

  /** Somebody reads a stream whose requests it carries; gives what ends that. */
  hold(where: Pick<ControlRequest, 'url' | 'headers'>): () => void {
    this.#users++
    this.#open(where)
    let release = (): void => {
      release = () => undefined
      this.#users--
      this.#closeIfIdle()
    }
    return () => release()
  }

  /** Gives nothing where no socket can be had: the request was not sent. */
  async ask(request: ControlRequest): Promise<ControlOutcome | undefined> {
    if (this.#environment.now() < this.#blockedUntilMs) return undefined
    const ref = String(++this.#last)
    const answered = Promise.withResolvers<ControlOutcome | undefined>()
    const message = { ...messageOf(request), ref }
    this.#asked.set(ref, { request, message, isSent: false, settle: answered.resolve })
    const callOff = this.#environment.after(ANSWER_MS, () => {
      this.#lost()
      // It has waited for a socket all the while.
      answered.resolve(undefined)
    })
    this.#open(request)
    this.#flush()
    try {
      return await answered.promise
    } finally {
      callOff()
      this.#asked.delete(ref)
      this.#closeIfIdle()
    }
  }

  #open(where: Pick<ControlRequest, 'url' | 'headers'>): void {
    if (this.#socket || this.#opening || this.#environment.now() < this.#blockedUntilMs) return
    const opening = {}
    this.#opening = opening
    void this.#connect(where, opening).catch(() => {
      if (this.#opening === opening) this.#blocked()
    })
  }

  async #connect({ url, headers }: Pick<ControlRequest, 'url' | 'headers'>, opening: object): Promise<void> {
    const protocols = await protocolsFor(this.#options, headers)
    if (this.#opening !== opening) return
    const socket = openSocket(this.#options, this.#options.url ?? socketUrl({ start: undefined, url }), protocols)
    let hasOpened = false
    this.#opening = undefined
    this.#socket = socket
    socket.onopen = () => {
      hasOpened = true
      this.#flush()
      this.#closeIfIdle()
    }
    socket.onmessage = ({ data }) => this.#heard(socket, String(data))
    socket.onclose = () => {
      if (this.#socket !== socket) return
      if (hasOpened) this.#lost()
      else this.#blocked()
    }
  }

  #flush(): void {
    if (this.#socket?.readyState !== SOCKET_OPEN) return
    for (const asked of this.#asked.values()) {
      if (!asked.isSent) this.#socket.send(JSON.stringify(asked.message))
      asked.isSent = true
    }
  }

  #heard(socket: WebSocket, text: string): void {
    let message: Record<string, unknown>
    try {
      message = parseMembers('message', text)
    } catch {
      return this.#lost()
    }
    // It goes away: what comes from now on goes by another one.
    if (message.type === 'goaway' && this.#socket === socket) return this.#lost()
    const asked = this.#asked.get(String(message.ref))
    if (message.type === 'refused') asked?.settle({ refusal: toldRefusal(message) })
    else asked?.settle({ answer: message })
  }

  /** It is gone, or as good as that: what was sent may have arrived, and is told so; what was not waits for the next one. */
  #lost(): void {
    const refusal = { type: 'broken', error: cutError('The socket for requests was lost.') } as const
    const unsent = [...this.#asked.values()].filter(({ isSent }) => !isSent)
    this.#drop((asked) => (asked.isSent ? { outcome: { refusal } } : undefined))
    for (const { request } of unsent) this.#open(request)
  }

  #blocked(): void {
    this.#blockedUntilMs = this.#environment.now() + BLOCKED_MS
    this.#drop(() => ({ outcome: undefined }))
  }

  #drop(outcomeOf: (asked: Asked) => { outcome: ControlOutcome | undefined } | undefined): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#opening = undefined
    for (const asked of this.#asked.values()) {
      const settled = outcomeOf(asked)
      if (settled) asked.settle(settled.outcome)
    }
    socket?.close(1000)
  }

  #closeIfIdle(): void {
    if (this.#users === 0 && this.#asked.size === 0) this.#drop(() => ({ outcome: undefined }))
  }
}

function messageOf({ verb, url, body }: ControlRequest): object {
  const stream = nameIn(url)
  if (verb === 'ack') return { type: verb, ...(body as object) }
  return verb === 'send' ? { type: verb, stream, message: body } : { type: verb, stream }
}
