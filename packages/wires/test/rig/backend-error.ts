import { isSluiceError, type SluiceError } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import { readUntilError } from './reading.ts'

/** What a backend answers. */
export interface Answer {
  readonly status?: number
  readonly type?: string
  readonly body: string
}

/** What asking a backend that answers like this throws. */
export async function errorOf(
  { status = 200, type = 'application/json', body }: Answer,
  apiKey?: string,
): Promise<SluiceError> {
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    apiKey,
    body: { model: 'm' },
    fetch: async () => new Response(body, { status, headers: { 'content-type': type } }),
  })
  const { error } = await readUntilError(source)
  if (isSluiceError(error)) return error
  throw new Error(`It threw ${String(error)}`)
}

export const json = (value: unknown, status = 400): Answer => ({ status, body: JSON.stringify(value) })

export const events = (body: string): Answer => ({ type: 'text/event-stream', body })
