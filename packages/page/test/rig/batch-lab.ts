import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { RunningGateway } from '@sluice/gateway'

import { type CuedBackend, startCuedBackend } from './cued-backend.ts'
import { startPage } from './start-page.ts'

/** A gateway that keeps batches, before a backend on cue, and a place for files of requests. */
export interface BatchLab extends AsyncDisposable {
  readonly backend: CuedBackend
  readonly gateway: RunningGateway
  /** Writes a file of requests, and gives its path. */
  write(name: string, lines: readonly object[]): Promise<string>
}

export async function startBatchLab(flags: readonly string[] = []): Promise<BatchLab> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-page-batches-'))
  const backend = await startCuedBackend()
  const gateway = await startPage(['--upstream', backend.url, '--data', join(folder, 'data'), ...flags])
  return {
    backend,
    gateway,
    async write(name, lines) {
      const path = join(folder, name)
      await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      return path
    },
    async [Symbol.asyncDispose]() {
      await gateway.close()
      await backend[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A request of a batch. */
export function requestLine(index: number): object {
  const body = { model: 'cued', messages: [{ role: 'user', content: 'Say something' }] }
  return { custom_id: `line-${index}`, method: 'POST', url: '/v1/chat/completions', body }
}
