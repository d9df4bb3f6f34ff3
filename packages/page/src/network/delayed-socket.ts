import type { Connection } from './connection.ts'
import type { Meter } from './meter.ts'

const LOST = 1006

type Handler = ((event: never) => void) | null

/** As much of a `WebSocket` as the client uses, over a simulated connection. */
export class DelayedSocket {
  onopen: Handler = null
  onmessage: Handler = null
  onclose: Handler = null
  readonly #socket: WebSocket
  readonly #up: Connection
  #isOver = false

  readonly #onOver: () => void

  constructor(
    socket: WebSocket,
    { up, down, meter, onOver }: { up: Connection; down: Connection; meter: Meter; onOver: () => void },
  ) {
    this.#socket = socket
    this.#up = up
    this.#onOver = onOver
    const lose = (): void => {
      socket.close()
      this.#over(LOST)
    }
    down.lost.addEventListener('abort', lose)
    const later = (bytes: number, task: () => void): void => void down.arrival(bytes).then(task, () => undefined)
    socket.onopen = () => later(1, () => this.#tell(this.onopen, {}))
    socket.onmessage = ({ data }) => {
      const bytes = new TextEncoder().encode(String(data)).byteLength
      later(bytes, () => {
        meter.add(bytes)
        this.#tell(this.onmessage, { data })
      })
    }
    socket.onclose = ({ code }) => later(1, () => this.#over(code))
    if (down.lost.aborted) queueMicrotask(lose)
  }

  get readyState(): number {
    return this.#isOver ? WebSocket.CLOSED : this.#socket.readyState
  }

  send(text: string): void {
    void this.#up.arrival(text.length).then(
      () => this.#socket.send(text),
      () => undefined,
    )
  }

  close(code?: number): void {
    this.#socket.close(code)
  }

  #over(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onOver()
    this.#tell(this.onclose, { code })
  }

  #tell(handler: Handler, event: object): void {
    ;(handler as ((event: object) => void) | null)?.(event)
  }
}
