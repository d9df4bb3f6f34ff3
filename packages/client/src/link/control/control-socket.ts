import type { Environment } from '../../clock/environment.ts'
import { cutError } from '../../errors/client-error.ts'
import type { ControlOutcome, ControlRequest } from '../link.ts'
import { parseMembers } from '../native-message.ts'
import { protocolsFor, type WebSocketOptions } from '../socket-options.ts'
import { nameIn, socketUrl } from '../stream-place.ts'
import { toldRefusal } from '../told-refusal.ts'

/** How long an answer may take before the socket counts as lost. */
const ANSWER_MS = 10_000
/** After a socket that could not be opened requests go by HTTP for so long. */
const BLOCKED_MS = 30_000

interface Asked {
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
  #isOpening = false
  #users = 0
  #last = 0
  #blockedUntilMs = 0

  constructor(options: WebSocketOptions, environment: Environment) {
    this.#options = options
    this.#environment = environment
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
    this.#asked.set(ref, { message: { ...messageOf(request), ref }, isSent: false, settle: answered.resolve })
    const callOff = this.#environment.after(ANSWER_MS, () => this.#lost())
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
    if (this.#socket || this.#isOpening || this.#environment.now() < this.#blockedUntilMs) return
    this.#isOpening = true
    void this.#connect(where).catch(() => this.#blocked())
  }

  async #connect({ url, headers }: Pick<ControlRequest, 'url' | 'headers'>): Promise<void> {
    const protocols = await protocolsFor(this.#options, headers)
    const socket = new WebSocket(this.#options.url ?? socketUrl({ start: undefined, url }), protocols)
    let hasOpened = false
    this.#isOpening = false
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
    if (this.#socket?.readyState !== WebSocket.OPEN) return
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

  /** It is gone, or as good as that: what was sent may have arrived, and is told so. */
  #lost(): void {
    const refusal = { type: 'broken', error: cutError('The socket for requests was lost.') } as const
    this.#drop((asked) => ({ outcome: asked.isSent ? { refusal } : undefined }))
  }

  #blocked(): void {
    this.#blockedUntilMs = this.#environment.now() + BLOCKED_MS
    this.#drop(() => ({ outcome: undefined }))
  }

  #drop(outcomeOf: (asked: Asked) => { outcome: ControlOutcome | undefined }): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#isOpening = false
    for (const asked of this.#asked.values()) asked.settle(outcomeOf(asked).outcome)
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
