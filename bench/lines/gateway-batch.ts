import { openAsBlob } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

interface Batch {
  readonly id: string
  readonly status: string
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number }
}

const LOOK_MS = 100

/** Uploads a file to the gateway at `url`, and begins a batch of it. */
export async function beginBatch(url: string, input: string): Promise<string> {
  const form = new FormData()
  form.set('purpose', 'batch')
  form.set('file', await openAsBlob(input), 'in.jsonl')
  const file = await asked<{ id: string }>(`${url}/v1/files`, { method: 'POST', body: form })
  const { id } = await asked<Batch>(`${url}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' }),
  })
  return id
}

/** Waits until so many lines are done, and gives how many there are. */
export async function untilDone(url: string, id: string, lines = Infinity): Promise<number> {
  for (;;) {
    const { status, request_counts: counts } = await asked<Batch>(`${url}/v1/batches/${id}`)
    if (counts.failed > 0 || status === 'failed') throw new Error(`The batch of the bench has failed: ${status}.`)
    if (status === 'completed' || counts.completed >= lines) return counts.completed
    await sleep(LOOK_MS)
  }
}

async function asked<Answer>(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Answer
}
