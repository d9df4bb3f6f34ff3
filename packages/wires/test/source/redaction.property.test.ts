import { isSluiceError } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunk } from '../rig/fake-backend.ts'
import { readUntilError } from '../rig/reading.ts'

const key = fc.oneof(
  fc.stringMatching(/^sk-[A-Za-z0-9_-]{8,60}$/),
  fc.stringMatching(/^[\x21-\x7e]{8,40}$/),
  fc.constantFrom('sk-a"b\\c/d', '12345678901', '$&$1$`', '.*.*.*.*'),
)

/** Ways in which a backend repeats what it was sent. */
const ECHOES: readonly ((key: string) => { status: number; body: string; type?: string })[] = [
  (secret) => ({ status: 401, body: JSON.stringify({ error: { message: `Incorrect API key provided: ${secret}.` } }) }),
  (secret) => ({
    status: 401,
    body: JSON.stringify({ error: { message: 'no', headers: { authorization: [`Bearer ${secret}`] } } }),
  }),
  (secret) => ({
    status: 401,
    body: JSON.stringify({ detail: [{ loc: ['header', secret], msg: secret, [secret]: 1 }] }),
  }),
  (secret) => ({ status: 403, body: `<title>${secret} is not allowed</title>`, type: 'text/html' }),
  (secret) => ({ status: 403, body: `${'x'.repeat(1_990)} ${secret}`, type: 'text/plain' }),
  (secret) => ({ status: 403, body: `at /v1?key=${encodeURIComponent(secret)}`, type: 'text/plain' }),
  (secret) => ({ status: 200, body: JSON.stringify({ echoed: { authorization: `Bearer ${secret}` } }) }),
  (secret) => ({ status: 200, body: `key ${secret} is unknown`, type: 'text/event-stream' }),
  (secret) => ({ status: 200, body: `event: error\ndata: ${secret}\n\n`, type: 'text/event-stream' }),
  (secret) => ({ status: 200, body: `data: ${secret} {\n\n`, type: 'text/event-stream' }),
  (secret) => ({ status: 200, body: `data: "${secret.replaceAll(/["\\]/g, '')}"\n\n`, type: 'text/event-stream' }),
  (secret) => ({
    status: 200,
    body: chunk({}, { finish: 'error', choice: { error: { message: secret, metadata: { [secret]: secret } } } }),
    type: 'text/event-stream',
  }),
  (secret) => ({ status: 200, body: chunk({}, { finish: 'error', chunk: { id: secret } }), type: 'text/event-stream' }),
]

test('our own key is in no error, wherever a backend repeats it', async () => {
  const header = fc.constantFrom('apiKey', 'Authorization', 'api-key', 'X-API-Key')
  await fc.assert(
    fc.asyncProperty(key, header, fc.constantFrom(...ECHOES), async (secret, by, echo) => {
      const { status, body, type = 'application/json' } = echo(secret)
      const source = openAiChatSource({
        baseUrl: 'http://backend/v1',
        ...(by === 'apiKey'
          ? { apiKey: secret }
          : { headers: { [by]: by === 'Authorization' ? `Bearer ${secret}` : secret } }),
        body: { model: 'm' },
        fetch: async () => new Response(body, { status, headers: { 'content-type': type } }),
      })
      const { error } = await readUntilError(source)
      if (!isSluiceError(error)) throw new Error(`It threw ${String(error)}`)
      const told = error.message + JSON.stringify(error.extra ?? null)
      for (const spelling of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
        expect(told).not.toContain(spelling)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a short key is hidden where it stands alone, and other words stay whole', async () => {
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    apiKey: 'k',
    body: {},
    fetch: async () => new Response('{"error":"the key \\"k\\" is unknown"}', { status: 401 }),
  })
  const { error } = await readUntilError(source)
  expect((error as Error).message).toContain('the key "***" is unknown')
})
