import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { adaptive, boundary, type ChunkingPolicy, fixed, immediate } from '@sluice/core'

/** A policy under the name by which the report has it. */
export interface NamedPolicy {
  readonly name: string
  readonly policy: ChunkingPolicy
}

/** What is compared where nothing else is asked for; everything stands beside the first. */
export const POLICIES: readonly NamedPolicy[] = [
  { name: 'immediate', policy: immediate() },
  { name: 'adaptive', policy: adaptive() },
  { name: 'adaptive 400 ms', policy: adaptive({ maxDelayMs: 400 }) },
  { name: 'fixed 8', policy: fixed({ tokens: 8 }) },
  { name: 'words', policy: boundary({ unit: 'word' }) },
]

/** The policies that a module exports: its default export, and every other one that is a policy, by name. */
export async function loadPolicies(file: string): Promise<NamedPolicy[]> {
  const module = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
  const policies = Object.entries(module).flatMap(([name, value]) =>
    isPolicy(value) ? [{ name: name === 'default' ? value.name : name, policy: value }] : [],
  )
  if (policies.length > 0) return policies
  throw new Error(
    `--policy ${file} exports no policy: an object with name, maxDelayMs, and take or create (see docs/chunking.md).`,
  )
}

function isPolicy(value: unknown): value is ChunkingPolicy {
  const { name, take, create } = (value ?? {}) as Record<string, unknown>
  return typeof name === 'string' && (typeof take === 'function' || typeof create === 'function')
}
