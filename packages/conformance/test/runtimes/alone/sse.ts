import { createSseHeaders, parseSse, toResponse } from '@sluice/sse'

/** A response whose reader sets the pace, and the parser that reads it. */
export async function check(): Promise<unknown> {
  const { body, headers } = toResponse({
    status: 200,
    headers: createSseHeaders({ streamId: 'x' }),
    deliver: (sink) => {
      sink.write('id: 1\nevent: text\ndata: {"text":"日本🎉"}\n\n')
      sink.write(new TextEncoder().encode('data: more\n\n'))
      sink.close()
      return { lost: () => {} }
    },
  })
  const found: unknown[] = [headers.get('content-type')]
  for await (const events of parseSse(body!)) for (const { event, data } of events) found.push(event, data)
  return found
}
