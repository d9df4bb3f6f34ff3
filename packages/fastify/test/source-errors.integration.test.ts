import { SluiceError, type Source } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { createChatApp, onCue } from './chat-app.ts'

const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' } as const

/** What is logged while a client asks; each line as an object. */
async function logged(source: Source, path = '/chat', plugin = {}): Promise<{ lines: Logged[]; body: string }> {
  const lines: Logged[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Logged) }
  const chat = await createChatApp((app) => void app.post('/chat', (_, reply) => reply.tokens(source)), {
    server: { logger: { level: 'warn', stream } },
    plugin: { runner: () => source, ...plugin },
  })
  const url = await chat.listen()
  const body = await (await fetch(url + path, POST)).text()
  await chat.app.close()
  return { lines, body }
}

interface Logged {
  level: number
  err?: { message: string; stack: string }
  stream?: string
}

describe('what a source throws is logged by the logger of the application, with its stack', () => {
  function myBug(): never {
    throw new Error('secret')
  }
  test.each<[string, Source]>([
    ['at once', () => myBug()],
    [
      'later',
      async function* () {
        yield 'a'
        myBug()
      },
    ],
    [
      'as the cause of what is meant for clients',
      () => {
        try {
          return myBug()
        } catch (cause) {
          throw new SluiceError('SLUICE_ERR_BACKEND', 'Busy.', { cause })
        }
      },
    ],
  ])('%s', async (_, source) => {
    for (const path of ['/chat', '/streams']) {
      const { lines, body } = await logged(source, path)
      expect(lines).toMatchObject([{ level: 50, stream: expect.stringMatching(/^\w{26}$/) as string }])
      expect(lines[0]!.err!.stack).toContain('secret')
      expect(lines[0]!.err!.stack).toContain('myBug')
      expect(body).not.toContain('secret')
    }
  })

  test('and goes to onSourceError where there is one', async () => {
    const told: unknown[] = []
    const { lines } = await logged(() => myBug(), '/chat', {
      onSourceError: (error: Error, { id }: { id: string }) => void told.push([error.message, id.length]),
    })
    expect([told, lines]).toEqual([[['secret', 26]], []])
  })
})

test('a source that is stopped is no error', async () => {
  const said = onCue()
  const lines: string[] = []
  const chat = await createChatApp((app) => void app.post('/chat', (_, reply) => reply.tokens(said.source)), {
    server: { logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } },
  })
  const url = await chat.listen()
  const response = await fetch(`${url}/chat`, POST)
  await fetch(`${url}/streams/${response.headers.get('sluice-stream-id')}/cancel`, { method: 'POST' })
  await response.text()
  await chat.app.close()
  expect(lines).toEqual([])
})
