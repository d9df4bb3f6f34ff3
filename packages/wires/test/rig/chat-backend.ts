import { openAiChatSource } from '@sluice/wires/openai'
import { expect } from 'vitest'
import { type Exchange, startBackend } from './fake-backend.ts'
import { readUntilError } from './reading.ts'

/** What the backend is asked. */
export const BODY = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }

/** A backend that streams these pieces, each in a packet of its own, and ends. */
export function answers(...pieces: (string | Uint8Array)[]) {
  return async (exchange: Exchange): Promise<void> => {
    exchange.stream()
    await exchange.send(...pieces)
    exchange.response.end()
  }
}

/** What is read of a backend that answers like this, and how it fails. */
export async function readFailing(answer: (exchange: Exchange) => unknown) {
  await using backend = await startBackend(answer)
  return await readUntilError(openAiChatSource({ baseUrl: backend.baseUrl, body: BODY }))
}

/** How a backend fails that answers like this, before anything is read. */
export async function openingError(answer: (exchange: Exchange) => unknown): Promise<unknown> {
  const { events, error } = await readFailing(answer)
  expect(events).toEqual([])
  return error
}
