import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'

import { SluiceError } from '@sluice/core'

/** Who has a directory: for the message of those who come too late. The lock itself is SQLite's, and ends with its process. */
interface Owner {
  readonly pid: number
  readonly host: string
}

/** Says that this process has the directory now. */
export function writeOwner(path: string): void {
  const owner: Owner = { pid: process.pid, host: hostname() }
  // Whoever reads it meanwhile has the old one, or the new one.
  writeFileSync(`${path}.new`, `${JSON.stringify(owner)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** This process has the directory no more. */
export function removeOwner(path: string): void {
  rmSync(path, { force: true })
}

/** The error of whoever comes second. */
export function lockedBy(directory: string, path: string): SluiceError {
  const owner = readOwner(path)
  return new SluiceError(
    'SLUICE_ERR_STORE_LOCKED',
    `The directory ${directory} is in use by ${owner ? described(owner) : 'another process'}: one process has one directory. Stop that one, or give this one a directory of its own.`,
  )
}

function described({ pid, host }: Owner): string {
  if (host !== hostname()) return `process ${pid} of ${host}`
  return pid === process.pid ? `this process (${pid}) already` : `process ${pid}`
}

function readOwner(path: string): Owner | undefined {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner>
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined
  } catch {
    return undefined
  }
}
