import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, readUntil, startNative } from '../rig/native-client.ts'
import { chunk, DONE, type Exchange, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage(['--upstream-key', 'sk-of-the-gateway'])
})
afterAll(() => stage[Symbol.asyncDispose]())

const streaming =
  (...pieces: string[]) =>
  async (exchange: Exchange): Promise<void> => {
    exchange.stream()
    await exchange.send(...pieces)
    exchange.response.end()
  }

const chat = (model: string, stream: boolean) =>
  fetch(`${stage.api}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: MESSAGES, stream }),
  })

describe('an image of megabytes in one chunk', () => {
  const images = [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(3_000_000)}` } }]
  const pieces = [chunk({ content: 'Here.' }), chunk({ images }), chunk({}, { finish: 'stop' }), DONE]

  test('goes through, streamed and in one body, on either wire', async () => {
    const { model } = stage.behave(streaming(...pieces))
    const streamed = await (await chat(model, true)).text()
    expect(streamed).toContain(images[0]!.image_url.url)
    expect(streamed.trimEnd().endsWith('data: [DONE]')).toBe(true)
    const whole = (await (await chat(model, false)).json()) as { choices: [{ message: object }] }
    expect(whole.choices[0].message).toMatchObject({ content: 'Here.', images })
    await using native = await startNative(stage.api, { model })
    const events = await readUntil(native, 'end')
    expect(events.map(({ data }) => JSON.parse(data) as object)).toContainEqual({
      text: '',
      extra: { openai: expect.objectContaining({ delta: { images } }) },
    })
  })
})

describe('what a backend refuses', () => {
  const refusing = ({ response, headers }: Exchange): void => {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`no model here for ${headers.authorization}`)
  }

  test('is told in its own words on either wire, without the key that it was sent', async () => {
    const { model, first } = stage.behave(refusing)
    const words = /^no model here for Bearer \*+$/
    const openai = await askJson(`${stage.api}/chat/completions`, {
      method: 'POST',
      body: { model, messages: MESSAGES },
    })
    expect((await first).headers.authorization).toBe('Bearer sk-of-the-gateway')
    expect(openai).toMatchObject({ status: 404, value: { error: { message: expect.stringMatching(words) } } })
    const native = await askJson(`${stage.api}/streams`, { method: 'POST', body: { model, messages: MESSAGES } })
    expect(native).toMatchObject({ status: 404, value: { code: 'SLUICE_ERR_BACKEND' } })
    expect(String(native.value.detail).replace(/^.*?: /, '')).toMatch(words)
  })
})

test('a chunk without a choice leaves when it comes, and has none on the way', async () => {
  const told = Promise.withResolvers<void>()
  const { model } = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({}, { chunk: { choices: [], prompt_progress: { processed: 1 } } }))
    await told.promise
    await exchange.send(chunk({ content: 'Hi' }), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  const response = await chat(model, true)
  let text = ''
  for await (const bytes of response.body!.pipeThrough(new TextDecoderStream())) {
    text += bytes
    if (text.includes('prompt_progress')) told.resolve()
  }
  const [progress] = [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, data]) => JSON.parse(data!) as object)
  expect(progress).toMatchObject({ choices: [], prompt_progress: { processed: 1 } })
  expect(text).toContain('"Hi"')
})
