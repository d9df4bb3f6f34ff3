import { attachNative, readUntil, startNative, textOf } from './native-client.ts'
import { chunk, DONE, type Exchange, type Stage } from './stage.ts'

/** A backend that has sent its head and says a text when it is told to. */
export function talking(stage: Stage): {
  model: string
  say: (...texts: string[]) => Promise<void>
  finish: () => Promise<void>
  exchange: () => Promise<Exchange>
} {
  const { model, first } = stage.behave((exchange) => exchange.stream())
  return {
    model,
    exchange: () => first,
    say: async (...texts) => (await first).send(...texts.map((content) => chunk({ content }))),
    finish: async () => {
      const exchange = await first
      await exchange.send(chunk({}, { finish: 'stop' }), DONE)
      exchange.response.end()
    },
  }
}

/** A stream that has said `text` and goes on, its first reader attached. */
export async function running(stage: Stage, text = 'abc') {
  const backend = talking(stage)
  const started = await startNative(stage.api, { model: backend.model })
  await backend.say(...Array.from(text))
  let seen = ''
  let cursor = ''
  while (seen.length < text.length) {
    const events = await readUntil(started, 'text')
    seen += textOf(events)
    cursor = events.at(-1)!.id!
  }
  return { ...backend, started, cursor, id: started.id, url: started.location }
}

/** The same, once it has said all and its reader has read all. */
export async function ended(stage: Stage, text = 'abc') {
  const stream = await running(stage, text)
  await stream.finish()
  const end = (await readUntil(stream.started, 'end')).at(-1)!
  return { ...stream, endCursor: end.id! }
}

/** What an attach is answered. */
export async function statusOf(url: string, headers: object = {}): Promise<number> {
  await using reading = await attachNative(url, headers)
  return reading.response.status
}
