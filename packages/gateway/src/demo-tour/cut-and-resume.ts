import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { RunningGateway } from '../serve/gateway.ts'
import { demand } from './demand.ts'
import { ask, type Piece, readPieces } from './reading.ts'
import type { Screen } from './screen.ts'

/** What one answer, cut in the middle and resumed, did show. */
export interface ResumeFigures {
  readonly firstTokenMs: number
  readonly chunks: number
  readonly tokens: number
  readonly resumeMs: number
}

const TOKENS = 260
const CUT_AFTER_TOKENS = 120
const AWAY_MS = 400

/** Streams an answer, cuts the connection in the middle, resumes, and compares with what the gateway kept. */
export async function cutAndResume({ url }: RunningGateway, screen: Screen): Promise<ResumeFigures> {
  screen.line('An answer as it comes. Every | is the end of a chunk: small at first, larger later.')
  screen.line()
  const askedAtMs = performance.now()
  const response = await ask(url, { ttftMs: 200, interTokenMs: 5, tokens: TOKENS })
  const id = response.headers.get('sluice-stream-id')!
  const before = await follow(response, screen, CUT_AFTER_TOKENS)
  screen.line()
  screen.line(`tokens per chunk: ${sizes(before)}`)
  const { cursor } = before.at(-1)!
  screen.title(`The connection is cut. The answer goes on; the reader is away for ${AWAY_MS} ms.`)
  await sleep(AWAY_MS)

  screen.line(`GET /v1/streams/${id} with Last-Event-ID: ${cursor}`)
  screen.line()
  const resumedAtMs = performance.now()
  const after = await follow(await fetch(`${url}/v1/streams/${id}`, { headers: { 'last-event-id': cursor } }), screen)
  screen.line()
  screen.line(`tokens per chunk: ${sizes(after)}`)
  screen.line()
  await compare(url, id, [...before, ...after], screen)
  const pieces = [...before, ...after]
  return {
    firstTokenMs: before[0]!.atMs - askedAtMs,
    chunks: pieces.length,
    tokens: pieces.reduce((sum, { tokens }) => sum + tokens, 0),
    resumeMs: after[0]!.atMs - resumedAtMs,
  }
}

/** Shows the text as it comes, until there is enough of it, or the end. */
async function follow(response: Response, screen: Screen, maxTokens = Infinity): Promise<Piece[]> {
  const pieces: Piece[] = []
  let tokens = 0
  for await (const piece of readPieces(response)) {
    if (piece.event !== 'text') continue
    screen.chunk(piece.text, pieces.length)
    pieces.push(piece)
    tokens += piece.tokens
    // Leaving the loop closes the connection.
    if (tokens >= maxTokens) break
  }
  demand(pieces.length > 0, 'there was no text to read')
  return pieces
}

async function compare(url: string, id: string, pieces: readonly Piece[], screen: Screen): Promise<void> {
  const answer = await fetch(`${url}/v1/streams/${id}?include=result`, { headers: { accept: 'application/json' } })
  const kept = (await answer.json()) as { text: string; end?: { complete: boolean } }
  const read = pieces.map(({ text }) => text).join('')
  demand(kept.end?.complete, 'the answer is not complete')
  demand(digest(read) === digest(kept.text), 'both halves together are not the answer')
  screen.line(`both halves together: ${Buffer.byteLength(read)} bytes, SHA-256 ${digest(read).slice(0, 16)}`)
  screen.line(`what the gateway kept: ${Buffer.byteLength(kept.text)} bytes, SHA-256 ${digest(kept.text).slice(0, 16)}`)
  screen.line('Byte for byte the same: nothing is missing, nothing came twice.')
}

function sizes(pieces: readonly Piece[]): string {
  return pieces.map(({ tokens }) => tokens).join(' ')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
