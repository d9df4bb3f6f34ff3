import { start } from '@sluice/client'

const EVENT = (seq: number, event: string, data: object): string =>
  `id: abc.1.${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
const OPENED = (seq: number): string => `event: opened\ndata: {"id":"abc","cursor":"abc.1.${seq}","meta":{}}\n\n`
const headers = {
  'content-type': 'text/event-stream',
  'sluice-stream-id': 'abc',
  'content-location': '/v1/streams/abc',
}

/** A stream that is cut after its first word, and gone on with. */
export async function check(): Promise<unknown> {
  const asked: string[] = []
  const stream = start(
    'http://localhost/v1/streams',
    { prompt: 'hi' },
    {
      resume: { baseMs: 1 },
      fetch: async (_, init) => {
        asked.push(init?.method ?? 'GET')
        if (asked.length === 1) return new Response(OPENED(0) + EVENT(1, 'text', { text: 'one ' }), { headers })
        return new Response(
          OPENED(1) + EVENT(2, 'text', { text: 'two' }) + EVENT(3, 'end', { reason: 'stop', complete: true }),
          { headers },
        )
      },
    },
  )
  return [await stream.text(), (await stream.ended).reason, asked]
}
