import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises'
import { connect, type Socket } from 'node:net'

import type { Source } from '@sluice/core'

import type { RunningGateway } from '../serve/gateway.ts'
import { demand } from './demand.ts'
import { ask, readPieces } from './reading.ts'
import type { Screen } from './screen.ts'
import { TOUR_OWNER } from './tour-owner.ts'

/** What a client that never reads did cost. */
export interface SlowReaderFigures {
  readonly offeredBytes: number
  readonly pulledBytes: number
  readonly heldBytes: number
  readonly neighbourMs: number
}

const TOKEN = 'All work and no play makes the demo runner a dull source, they say.\n'
const TOKENS = 500_000
const TOKENS_PER_TURN = 64
const LOOK_MS = 10
/** So often in a row nothing was pulled, with turns of the event loop in between: whatever was under way has had its turn. */
const STILL_LOOKS = 30

/** A client opens a stream of many megabytes and does not read: the source is paused, and others notice nothing. */
export async function watchSlowReader({ sluice, url }: RunningGateway, screen: Screen): Promise<SlowReaderFigures> {
  const meter = { pulledBytes: 0 }
  const stream = await sluice.start(endless(meter), { as: TOUR_OWNER })
  const socket = await openAndIgnore(url, stream.id)
  try {
    await untilStill(meter)
    const { pulledBytes } = meter
    const heldBytes = sluice.stats().store.bytes
    const offeredBytes = TOKEN.length * TOKENS
    screen.line(`The source could give ${mib(offeredBytes)}. Its one reader has opened the stream and reads nothing.`)
    screen.line(`The source was pulled for ${mib(pulledBytes)} and has stood still since: that is what the kernel's`)
    screen.line(`socket buffers took, plus the window. All logs of this process together hold ${mib(heldBytes)}.`)
    demand(pulledBytes < offeredBytes, 'a reader that never reads did not pause its source')
    const neighbourMs = await firstTokenMs(url)
    screen.line(`Meanwhile another client asked, and had its first token after ${neighbourMs.toFixed(0)} ms.`)
    return { offeredBytes, pulledBytes, heldBytes, neighbourMs }
  } finally {
    await stream.cancel()
    socket.destroy()
  }
}

function endless(meter: { pulledBytes: number }): Source {
  return async function* () {
    for (let index = 1; index <= TOKENS; index++) {
      meter.pulledBytes += TOKEN.length
      yield TOKEN
      if (index % TOKENS_PER_TURN === 0) await endOfTurn()
    }
  }
}

/** Asks for a stream and leaves everything the kernel has for us where it is. */
function openAndIgnore(url: string, id: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      socket.write(`GET /v1/streams/${id} HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n\r\n`)
      resolve(socket.pause())
    })
    socket.on('error', reject)
  })
}

/** Waits until the source has begun, and is pulled no more. The tour as a whole bounds how long. */
async function untilStill(meter: { pulledBytes: number }): Promise<void> {
  let before = 0
  for (let still = 0; still < STILL_LOOKS;) {
    await sleep(LOOK_MS)
    await endOfTurn()
    still = meter.pulledBytes > 0 && meter.pulledBytes === before ? still + 1 : 0
    before = meter.pulledBytes
  }
}

async function firstTokenMs(url: string): Promise<number> {
  const askedAtMs = performance.now()
  for await (const { event, atMs } of readPieces(await ask(url, { ttftMs: 0, tokens: 20 }))) {
    if (event === 'text') return atMs - askedAtMs
  }
  throw new Error('The tour found something wrong: the neighbour got no text.')
}

function mib(bytes: number): string {
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
