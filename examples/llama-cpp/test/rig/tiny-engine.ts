import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Engine, openEngine } from '../../engine.ts'
import { writeTinyModel } from '../../model/tiny-model.ts'

/** llama.cpp with the tiny model, which says what it says for as long as it is let. */
export async function openTinyEngine(slots: number): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-llama-'))
  const path = join(folder, 'tiny.gguf')
  writeTinyModel(path)
  const engine = await openEngine(path, { slots })
  await rm(folder, { recursive: true })
  return engine
}
