import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const FILES = ['streams.db', 'streams.db-wal', 'streams.pid']

/** What is in the directory now, in another one: what a process would find that was started after this one was killed. */
export function copyDirectory(from: string, to: string): string {
  mkdirSync(to)
  for (const file of FILES) if (existsSync(join(from, file))) copyFileSync(join(from, file), join(to, file))
  return to
}
