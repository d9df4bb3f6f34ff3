import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'

import { type Batches, type BatchesOptions, createBatches, type RunLine } from '../../../src/batch.ts'
import { MemoryDocuments } from '../../../src/memory/memory-documents.ts'
import type { KnownBatch } from '../../../src/batch/state/batch-record.ts'
import { inputOf, parseLines } from './jsonl.ts'
import { MemoryFiles } from './memory-files.ts'

export const OWNER = { owner: 'one' }
export const SCOPE = '["","one"]'
export const OF = { dialect: 'openai', owner: OWNER } as const

/** A line of results. */
export interface ResultLine {
  readonly custom_id: string
  readonly response: { readonly status_code: number; readonly body: unknown } | null
  readonly error: { readonly code: string } | null
  readonly sluice?: { readonly attempts: number }
}

/** Batches on a clock of their own, in stores that outlive their processes. */
export interface VirtualBatches {
  readonly runtime: VirtualRuntime
  readonly documents: MemoryDocuments
  readonly files: MemoryFiles
  readonly errors: unknown[]
  /** One more process. */
  open(run: RunLine, options?: Partial<BatchesOptions>): Batches
  /** Begins a batch of so many lines; gives its id. */
  begin(batches: Batches, lines: number | string, windowMs?: number): Promise<string>
  find(id: string): Promise<KnownBatch>
  results(id: string): { output: ResultLine[]; errors: ResultLine[] }
}

export function virtualBatches(): VirtualBatches {
  const runtime = createVirtualRuntime()
  const documents = new MemoryDocuments({ maxBytes: 2 ** 28, runtime })
  const files = new MemoryFiles()
  const errors: unknown[] = []
  const open = (run: RunLine, options: Partial<BatchesOptions> = {}): Batches =>
    createBatches({
      documents,
      files,
      run,
      runtime,
      random: () => 0.5,
      onError: (error) => void errors.push(error),
      ...options,
    })
  const watching = open(() => Promise.reject(new Error('It only looks.')), { work: false })
  const read = (id: string, part: string): ResultLine[] => parseLines(String(files.files.get(`${id}.${part}`) ?? ''))
  return {
    runtime,
    documents,
    files,
    errors,
    open,
    async begin(batches, lines, windowMs = 86_400_000) {
      const text = typeof lines === 'string' ? lines : inputOf(lines)
      async function* bytes(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(text)
      }
      const received = await batches.files.receive(SCOPE, bytes())
      const said = { filename: 'in.jsonl', purpose: 'batch' } as const
      const { id: fileId, name, bytes: length } = await batches.files.keep(SCOPE, received, said)
      const { id } = await batches.create({
        ...OF,
        endpoint: '/v1/chat/completions',
        input: { name, fileId, bytes: length },
        completionWindow: '24h',
        windowMs,
        metadata: null,
        keepMs: 86_400_000,
      })
      return id
    },
    find: async (id) => (await watching.find(OF, id))!,
    results: (id) => ({ output: read(id, 'output'), errors: read(id, 'errors') }),
  }
}
