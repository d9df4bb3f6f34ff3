import { randomBytes } from 'node:crypto'

/** A name of its own for this process, or for a part of it. */
export function createInstanceId(): string {
  return randomBytes(12).toString('hex')
}
