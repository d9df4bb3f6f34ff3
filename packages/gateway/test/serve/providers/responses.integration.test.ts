import OpenAI, { type APIError } from 'openai'
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { CHAT, listOf, type ProviderStage, RICH_CHAT, startProviderStage } from '../../rig/provider-stage.ts'
import { chunk, DONE, type Exchange } from '../../rig/stage.ts'

let stage: ProviderStage

beforeAll(async () => {
  stage = await startProviderStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

const STOP = chunk({}, { finish: 'stop' })
const OUTPUT = [
  { type: 'reasoning', content: [{ text: 'hm' }] },
  { type: 'message', content: [{ type: 'output_text', text: 'Let me see' }] },
  { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{"a":1}' },
  { type: 'function_call', call_id: 'call_2', name: 'g', arguments: '{}' },
]
const USAGE = { input_tokens: 3, output_tokens: 5, total_tokens: 8 }

/** A model that says `a`, and goes on when it is told to. */
function steppedModel() {
  let exchange: Exchange | undefined
  const behaviour = stage.onPath(CHAT, async (asked) => {
    exchange = asked
    asked.stream()
    await asked.send(chunk({ role: 'assistant', content: 'a' }))
  })
  return {
    ...behaviour,
    closed: async () => (await behaviour.first).closed,
    say: (text: string) => exchange!.send(chunk({ content: text })),
    async finish() {
      await exchange!.send(STOP, DONE)
      exchange!.response.end()
    },
  }
}

describe('Responses on a backend of chat completions, with the official client', () => {
  test('streams text, reasoning, calls and usage, raw and by the helper, and answers in one piece with the same', async () => {
    const { model } = stage.answering(CHAT, ...RICH_CHAT)
    const raw = await listOf(await stage.openai.responses.create({ model, input: 'hi', stream: true }))
    expect(raw[0]).toMatchObject({ type: 'response.created', sequence_number: 0, response: { model, output: [] } })
    expect(raw.at(-1)).toMatchObject({ type: 'response.completed', response: { output: OUTPUT, usage: USAGE } })
    const final = await stage.openai.responses.stream({ model, input: 'hi' }).finalResponse()
    expect(final).toMatchObject({ status: 'completed', output: OUTPUT, usage: USAGE, output_text: 'Let me see' })
    const body = await stage.openai.responses.create({ model, input: 'hi', metadata: { a: 'b' } })
    expect(body).toMatchObject({ object: 'response', status: 'completed', output: OUTPUT, metadata: { a: 'b' } })
  })

  test('is asked for as a chat completion, once it is known that the backend has nothing else', async () => {
    const first = stage.answering(CHAT, ...RICH_CHAT)
    await stage.openai.responses.create({ model: first.model, input: 'hi', instructions: 'Be brief.' })
    const { exchanges, model } = stage.answering(CHAT, ...RICH_CHAT)
    await stage.openai.responses.create({ model, input: 'hi', instructions: 'Be brief.', max_output_tokens: 20 })
    expect(exchanges.map(({ path }) => path)).toEqual([CHAT])
    expect(exchanges[0]!.body).toMatchObject({
      model,
      max_tokens: 20,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
    })
  })

  test('fails as the provider does: before the first word by a status, after it by a response that failed', async () => {
    const refusing = stage.onPath(CHAT, ({ response }) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' })
      response.end('{"error":{"message":"slow down","type":"rate","code":"rate_limit"}}')
    })
    const refused = await stage.openai.responses.create({ model: refusing.model, input: 'hi', stream: true }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
    expect((refused as APIError).headers?.get('retry-after')).toBe('7')
    const dying = stage.answering(CHAT, chunk({ content: 'a' }))
    const events = await listOf(await stage.openai.responses.create({ model: dying.model, input: 'hi', stream: true }))
    expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed' } })
    await expect(stage.openai.responses.create({ model: dying.model, input: 'hi' })).rejects.toMatchObject({
      status: 502,
    })
  })

  test.each([
    [{ input: 'hi', previous_response_id: 'resp_x' }, '"previous_response_id" has no counterpart'],
    [{ input: 'hi', tools: [{ type: 'web_search' as const }] }, 'A tool of type "web_search"'],
    [{}, 'The field "input" is not usable'],
  ])('refuses what a chat completion has no counterpart for: %j', async (body, message) => {
    const { model, exchanges } = stage.answering(CHAT, ...RICH_CHAT)
    const error = await stage.openai.responses.create({ model, ...body }).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect((error as APIError).message).toContain(message)
    expect(exchanges.filter(({ path }) => path === CHAT)).toEqual([])
  })

  test('contract 4: a client that leaves closes the connection to the backend, unless it asked for a background', async () => {
    const left = steppedModel()
    const stream = await stage.openai.responses.create({ model: left.model, input: 'hi', stream: true })
    for await (const { type } of stream) if (type === 'response.output_text.delta') break
    await left.closed()

    const kept = steppedModel()
    const options = { model: kept.model, input: 'hi', stream: true, background: true } as const
    const seen: ResponseStreamEvent[] = []
    for await (const event of await stage.openai.responses.create(options)) {
      seen.push(event)
      if (event.type === 'response.output_text.delta') break
    }
    await kept.say('b')
    await kept.finish()
    const { response } = seen[0] as { response: Response }
    expect(response.background).toBe(true)
    const after = { stream: true as const, starting_after: seen.at(-1)!.sequence_number }
    const rest = await listOf(await stage.openai.responses.retrieve(response.id, after))
    expect(rest.at(-1)).toMatchObject({
      type: 'response.completed',
      response: { output: [{ content: [{ text: 'ab' }] }] },
    })
  })

  test('goes on in the background: polled, streamed, cancelled, deleted', async () => {
    const model = steppedModel()
    const created = await stage.openai.responses.create({ model: model.model, input: 'hi', background: true })
    expect(created).toMatchObject({ object: 'response', status: 'in_progress', background: true })
    const stream = await stage.openai.responses.retrieve(created.id, { stream: true })
    const reading = listOf(stream)
    await model.first
    const cancelled = await stage.openai.responses.cancel(created.id)
    expect(cancelled).toMatchObject({ id: created.id, status: 'cancelled' })
    await model.closed()
    expect((await reading).at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'cancelled' } })
    expect(await stage.openai.responses.retrieve(created.id)).toMatchObject({ status: 'cancelled' })
    await stage.openai.responses.delete(created.id)
    await expect(stage.openai.responses.retrieve(created.id)).rejects.toMatchObject({ status: 410 })
  })

  test('contract 1: a client that drops after any event and goes on by its number has all of the rest, and nothing twice', async () => {
    const { model } = stage.answering(CHAT, ...RICH_CHAT)
    const { id } = await stage.openai.responses.create({ model, input: 'hi', background: true })
    // What is read while it comes is merged as it comes: all that is compared is read after the end.
    await listOf(await stage.openai.responses.retrieve(id, { stream: true }))
    const whole = await listOf(await stage.openai.responses.retrieve(id, { stream: true }))
    expect(whole.at(-1)).toMatchObject({ type: 'response.completed', response: { output: OUTPUT } })
    for (const [index, { sequence_number: after }] of whole.entries()) {
      const rest = await listOf(await stage.openai.responses.retrieve(id, { stream: true, starting_after: after }))
      expect(rest).toEqual(whole.slice(index + 1))
    }
    const helper = stage.openai.responses.stream({ response_id: id, starting_after: whole[5]!.sequence_number })
    const heard: number[] = []
    helper.on('event', ({ sequence_number: number }) => void heard.push(number))
    expect(await helper.finalResponse()).toMatchObject({ output: OUTPUT })
    expect(heard).toEqual(whole.slice(6).map(({ sequence_number: number }) => number))
  })

  test('is nobody else’s business where the id is another’s, and a path beside it is the backend’s', async () => {
    const strange = stage.openai.responses.retrieve('resp_00000000000000000000000000')
    await expect(strange).rejects.toMatchObject({ status: 404, code: 'SLUICE_ERR_NOT_FOUND' })
    const beside = stage.behave(({ response }) => response.end('{}'))
    for (const path of ['resp_of_the_backend', 'resp_of_the_backend/cancel', 'input_tokens']) {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ model: beside.model })
      await (await fetch(`${stage.api}/responses/${path}`, { method: 'POST', headers, body })).text()
    }
    expect(beside.exchanges.map(({ path }) => path)).toEqual([
      '/v1/responses/resp_of_the_backend',
      '/v1/responses/resp_of_the_backend/cancel',
      '/v1/responses/input_tokens',
    ])
  })
})
