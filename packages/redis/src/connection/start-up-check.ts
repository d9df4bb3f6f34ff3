import { isSluiceError, SluiceError } from '@sluice/core'

import type { RedisConnection } from './redis-connection.ts'

const MIN_MAJOR = 7

/** Checks the server until it has answered once. */
export class StartUpCheck {
  readonly #connection: RedisConnection
  readonly #warn: (message: string) => void
  #checked: Promise<void> | undefined

  constructor(connection: RedisConnection, warn: (message: string) => void) {
    this.#connection = connection
    this.#warn = warn
  }

  /** @throws SluiceError `SLUICE_ERR_OPTION` when the server is too old, `SLUICE_ERR_STORE` when it does not answer */
  passed(): Promise<void> {
    this.#checked ??= checkServer(this.#connection, this.#warn).catch((error: unknown) => {
      // A server that did not answer may do so now.
      if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_OPTION') this.#checked = undefined
      throw error
    })
    return this.#checked
  }
}

/**
 * Checks the server once. The operator is warned of a policy that can lose streams.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` when it is too old, `SLUICE_ERR_STORE` when it does not answer
 */
async function checkServer(connection: RedisConnection, warn: (message: string) => void): Promise<void> {
  let info: string
  try {
    info = await connection.ask(() => connection.commands.info(), isInfo)
  } catch (error) {
    // A server that forbids INFO cannot be checked, and may be all right.
    if (isSluiceError(error) && error.cause instanceof Error && error.cause.message.startsWith('NOPERM')) return
    throw error
  }
  const version = field(info, 'valkey_version') ?? field(info, 'redis_version') ?? ''
  if (Number.parseInt(version, 10) < MIN_MAJOR) {
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      `The store needs Redis ${MIN_MAJOR}.0 or newer, or Valkey; the server is ${version}.`,
    )
  }
  const policy = field(info, 'maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') {
    warn(
      `This Redis may evict keys when its memory is full (maxmemory-policy ${policy}), and running streams with them. Set it to noeviction, or give streams a Redis of their own.`,
    )
  }
}

/** Whether a reply is that to INFO. No other reply is a text of names and values. */
function isInfo(reply: string): boolean {
  return typeof reply === 'string' && reply.includes(':')
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}
