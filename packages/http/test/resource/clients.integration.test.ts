import { immediate } from '@sluice/core'
import { ownTimeMs } from '@sluice/testing/patience'
import { EventSource } from 'eventsource'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'

import { serve } from '../rig/node-server.ts'
import { CHAT, createScript, saying, until } from '../rig/rig.ts'

const post = (url: string, json: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json), ...init })

describe('a stock EventSource', () => {
  test('reads, resumes in the middle after a cut, repeats nothing and stops for good on 204', async () => {
    const script = createScript()
    await using node = await serve(script.source, {
      sluice: { reader: { chunking: immediate() }, stream: { onDisconnect: 'continue' } },
      before: (_, response) => {
        const write = response.write.bind(response) as (...args: unknown[]) => boolean
        // As near to a stock client's patience as a test can wait for.
        response.write = (chunk: unknown, ...rest: unknown[]) =>
          write(typeof chunk === 'string' ? chunk.replace('retry: 1000', 'retry: 20') : chunk, ...rest)
      },
    })
    script.open()
    const { id } = (await (await post(`${node.url}/streams`, { ...CHAT, background: true })).json()) as { id: string }
    const client = new EventSource(`${node.url}/streams/${id}`)
    let text = ''
    const ends: unknown[] = []
    client.addEventListener('text', ({ data }) => (text += (JSON.parse(data as string) as { text: string }).text))
    client.addEventListener('end', ({ data }) => ends.push(JSON.parse(data as string)))
    script.give('one ')
    await until(() => text === 'one ')
    node.server.closeAllConnections()
    script.give('two ')
    await until(() => text === 'one two ')
    node.server.closeAllConnections()
    script.give('three')
    script.finish()
    await until(() => ends.length === 1)
    await until(() => client.readyState === EventSource.CLOSED)
    expect(text).toBe('one two three')
    expect(ends).toMatchObject([{ reason: 'stop', complete: true }])
    const attaches = node.requests.slice(1).map(({ headers }) => headers['last-event-id'])
    expect(attaches).toEqual([undefined, `${id}.1.1`, `${id}.1.2`, `${id}.1.4`])
    expect(script.calls).toBe(1)
  })

  test('follows the Content-Location of a POST and the way from a key', async () => {
    const script = createScript()
    await using node = await serve(script.source)
    script.open()
    const started = await post(`${node.url}/streams`, { ...CHAT, sluice: { key: 'c 1' } })
    const texts: string[] = []
    const clients = [
      new URL(started.headers.get('content-location')!, node.url).href,
      `${node.url}/streams?key=c+1`,
    ].map((url) => new EventSource(url))
    for (const client of clients) {
      client.addEventListener('text', ({ data }) => texts.push(data as string))
      client.addEventListener('end', () => client.close())
    }
    await until(() => node.sluice.stats().delivering === 3)
    script.give('same')
    script.finish()
    await until(() => texts.length === 2)
    expect(texts).toEqual(['{"text":"same"}', '{"text":"same"}'])
    await started.text()
  })
})

describe('the official OpenAI client', () => {
  test('streams, with usage, and reads one body', async () => {
    const usage = { inputTokens: 2, outputTokens: 3, totalTokens: 5 }
    await using node = await serve(saying('Hel', 'lo \u{1f30a}', { type: 'usage', usage }))
    const client = new OpenAI({ baseURL: node.url, apiKey: 'k', maxRetries: 0 })
    const { messages } = { messages: [{ role: 'user' as const, content: 'hi' }] }
    const stream = await client.chat.completions.create({
      model: 'demo',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let total: number | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      total = chunk.usage?.total_tokens ?? total
    }
    expect([text, total]).toEqual(['Hello \u{1f30a}', 5])
    const body = await client.chat.completions.create({ model: 'demo', messages })
    expect(body.choices[0]?.message.content).toBe('Hello \u{1f30a}')
    expect(body.usage?.total_tokens).toBe(5)
    const helped = await client.chat.completions.stream({ model: 'demo', messages }).finalChatCompletion()
    expect(helped.choices[0]?.finish_reason).toBe('stop')
  })

  test('sees errors as its own kinds', async () => {
    await using node = await serve(saying('x'))
    const client = new OpenAI({ baseURL: node.url, apiKey: 'wrong', maxRetries: 0 })
    const asked = client.chat.completions.create({ model: 'demo', messages: [] })
    await expect(asked).rejects.toMatchObject({ status: 401, code: 'SLUICE_ERR_UNAUTHORIZED' })
    await expect(asked).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
  })

  test('its abort reaches the source within milliseconds, before the opening and after it', async () => {
    for (const opened of [false, true]) {
      const script = createScript()
      await using node = await serve(script.source, { sluice: { stream: { onDisconnect: 'cancel' } } })
      if (opened) script.open()
      script.give('x')
      const client = new OpenAI({ baseURL: node.url, apiKey: 'k', maxRetries: 0 })
      const abort = new AbortController()
      const asked = client.chat.completions.create(
        { model: 'demo', messages: [], stream: true },
        { signal: abort.signal },
      )
      asked.catch(() => {})
      await until(() => script.calls === 1)
      if (opened) await (await asked)[Symbol.asyncIterator]().next()
      expect(script.signal?.aborted).toBe(false)
      const startMs = ownTimeMs()
      abort.abort()
      await until(() => script.signal?.aborted === true)
      expect(ownTimeMs() - startMs).toBeLessThan(250)
      await until(() => node.sluice.stats().producing === 0)
    }
  })
})
