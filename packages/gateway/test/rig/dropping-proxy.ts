import { once } from 'node:events'
import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const BLOCK_END = '\n\n'

/** A proxy before a gateway that breaks connections in the middle of an answer. */
export interface DroppingProxy extends AsyncDisposable {
  readonly url: string
  /** Answers are cut after so many events, where they have more; whole where it is `undefined`. */
  cutAfter: number | undefined
  /** Events of the latest answer, as many as have gone through. */
  readonly events: number
  /** Whether the latest answer was cut: it had more. */
  readonly isCut: boolean
}

export async function startDroppingProxy(target: string): Promise<DroppingProxy> {
  let cutAfter: number | undefined
  let events = 0
  let isCut = false
  const server = createServer((request, response) => {
    response.on('error', () => {})
    void pass(request, response).catch(() => response.destroy())
  })

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = ask(new URL(request.url!, target), { method: request.method!, headers: request.headers })
    // Whoever leaves here leaves there.
    response.on('close', () => asked.destroy())
    request.pipe(asked)
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    response.writeHead(answer.statusCode!, answer.headers)
    response.flushHeaders()
    events = 0
    isCut = false
    let pending = ''
    for await (const piece of answer.setEncoding('utf8')) {
      pending += piece
      for (let end; (end = pending.indexOf(BLOCK_END)) !== -1;) {
        const block = pending.slice(0, end + BLOCK_END.length)
        pending = pending.slice(block.length)
        if (/^data:/m.test(block)) {
          isCut = events === cutAfter
          if (isCut) return void response.destroy()
          events++
        }
        // Destroyed in the same turn, what was written last would be lost as well.
        await new Promise((written) => response.write(block, written))
      }
    }
    response.end(pending)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cutAfter() {
      return cutAfter
    },
    set cutAfter(count) {
      cutAfter = count
    },
    get events() {
      return events
    },
    get isCut() {
      return isCut
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
