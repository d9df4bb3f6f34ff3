import { until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { createChatApp, onCue, textIn } from './chat-app.ts'

const PATIENCE_MS = 200

/** A body that is read as it comes. */
async function openAt(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let read = ''
  const more = async (): Promise<boolean> => {
    const { done, value = '' } = await reader.read()
    read += value
    return !done
  }
  return {
    location: response.headers.get('content-location')!,
    async until(enough: (read: string) => boolean): Promise<string> {
      while (!enough(read)) if (!(await more())) throw new Error(`it was over before: ${read}`)
      return read
    },
    async whole(): Promise<string> {
      while (await more()) continue
      return read
    },
  }
}

describe('handlerTimeout', () => {
  test('does not cut a stream that runs for longer', async () => {
    const said = onCue()
    await using chat = await createChatApp(
      (app) => {
        app.get('/chat', (_, reply) => reply.tokens(said.source))
        app.get('/slow', () => new Promise(() => {}))
      },
      { server: { handlerTimeout: PATIENCE_MS } },
    )
    const url = await chat.listen()
    const reading = await openAt(`${url}/chat`)
    // Its time began later, and is over.
    expect((await fetch(`${url}/slow`)).status).toBe(503)
    said.go()
    expect(textIn(await reading.whole())).toBe('first last')
  })

  test('answers for a source that does not open in time, and the source is told to stop', async () => {
    const aborted = Promise.withResolvers<void>()
    const settled = Promise.withResolvers<unknown>()
    const openings: (() => void)[] = []
    await using chat = await createChatApp(
      (app) => {
        app.get('/chat', (_, reply) => {
          const answered = reply.tokens(
            async ({ signal }) => {
              signal.addEventListener('abort', () => aborted.resolve())
              await new Promise<void>((open) => openings.push(open))
              return ['late']
            },
            { onDisconnect: 'cancel', openAfterMs: 60_000 },
          )
          void answered.then(settled.resolve, settled.resolve)
          return answered
        })
      },
      { server: { handlerTimeout: PATIENCE_MS } },
    )
    const url = await chat.listen()
    const answer = await fetch(`${url}/chat`)
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'FST_ERR_HANDLER_TIMEOUT' }])
    await aborted.promise
    for (const open of openings) open()
    expect(await settled.promise).toBeUndefined()
    await until(() => chat.sluice.stats().producing === 0, 'nothing is left of it')
  })
})

describe('connectionTimeout', () => {
  test('is outlived by a silent stream that says that it is alive', async () => {
    const heartbeatMs = PATIENCE_MS / 4
    const said = onCue()
    await using chat = await createChatApp((app) => void app.get('/chat', (_, reply) => reply.tokens(said.source)), {
      server: { connectionTimeout: PATIENCE_MS },
      sluice: { reader: { heartbeatMs } },
    })
    const reading = await openAt(`${await chat.listen()}/chat`)
    await reading.until((read) => textIn(read) === 'first')
    // They come at their pace or later: so many are more than its patience.
    await reading.until((read) => read.split('\n:').length > (2 * PATIENCE_MS) / heartbeatMs)
    said.go()
    expect(textIn(await reading.whole())).toBe('first last')
  })

  test('cuts a silent one without heartbeats, which goes on where it is resumed', async () => {
    const said = onCue()
    await using chat = await createChatApp((app) => void app.get('/chat', (_, reply) => reply.tokens(said.source)), {
      server: { connectionTimeout: PATIENCE_MS },
      sluice: { reader: { heartbeatMs: false } },
    })
    const url = await chat.listen()
    const reading = await openAt(`${url}/chat`)
    const first = await reading.until((read) => /\ndata: {"text":"first"}\n\n/.test(read))
    await expect(reading.whole()).rejects.toThrow('terminated')
    said.go()
    const id = /^id: (.*)$/gm.exec(first.slice(first.lastIndexOf('\nid: ') + 1))![1]!
    const again = await openAt(url + reading.location, { 'last-event-id': id })
    expect(textIn(await again.whole())).toBe(' last')
    expect(said.calls).toBe(1)
  })
})
