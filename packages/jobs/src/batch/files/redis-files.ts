import { invalidOption, requireKnownNames } from '@sluice/core/extend'

import {
  type FilePiece,
  type FileRange,
  type FileStore,
  fileStoreError,
  groupOf,
  noSuchFile,
  requireFileName,
  requirePieces,
} from './file-store.ts'
import { APPEND, FINISH, STORE, TRUNCATE } from './redis-scripts.ts'

/** What is needed of a client: that of ioredis, to a server or to a Cluster, has it. */
export interface RedisFilesClient {
  /** Sends a command; what it answers is bytes. */
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>
}

/** Where {@link redisFiles} has its files. */
export interface RedisFilesOptions {
  /** Who connects is who closes it. */
  readonly client: RedisFilesClient
  /** Begins every key. Default `sluice:`. */
  readonly prefix?: string | undefined
}

/** How much one key has. */
const CHUNK_BYTES = 512 * 1024
/** How much is read at once. */
const PIECE_BYTES = 128 * 1024
const REMOVED_AT_ONCE = 64

/**
 * Files in a Redis, or a Cluster of them, that several processes share: in pieces of 512 KiB, those of one group in one slot. They last as
 * Redis keeps what it has acknowledged.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const files = redisFiles({ client: new Redis('redis://localhost:6379') })
 * ```
 */
export function redisFiles(options: RedisFilesOptions): FileStore {
  requireKnownNames('redisFiles', options, ['client', 'prefix'])
  const { client, prefix = 'sluice:' } = options
  if (typeof client?.callBuffer !== 'function') throw invalidOption('client', client, 'a client of ioredis')
  return new RedisFiles(client, prefix)
}

class RedisFiles implements FileStore {
  readonly name = 'redis'
  readonly shared = true
  readonly #client: RedisFilesClient
  readonly #prefix: string

  constructor(client: RedisFilesClient, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  async create(name: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    requireFileName(name)
    let size = 0
    try {
      for await (const chunk of chunks) {
        for (const { index, offset, bytes } of slicesOf(chunk, size)) {
          const keys = [this.#headKey(name), this.#chunkKey(name, index)]
          await this.#eval(STORE, keys, [offset, bytes, index + 1])
        }
        size += chunk.length
      }
      await this.#eval(FINISH, [this.#headKey(name)], [size])
      return size
    } catch (error) {
      await this.remove(name).catch(() => {})
      throw error
    }
  }

  async size(name: string): Promise<number | undefined> {
    const size = await this.#ask('HGET', this.#headKey(name), 'size')
    return size === null ? undefined : Number((size as Buffer).toString())
  }

  async *read(name: string, { from = 0, to = Infinity }: FileRange = {}): AsyncGenerator<Uint8Array> {
    const size = await this.size(name)
    if (size === undefined) throw noSuchFile()
    const end = Math.min(size, to)
    for (let at = from; at < end;) {
      const offset = at % CHUNK_BYTES
      const length = Math.min(PIECE_BYTES, end - at, CHUNK_BYTES - offset)
      const key = this.#chunkKey(name, Math.floor(at / CHUNK_BYTES))
      const piece = (await this.#ask('GETRANGE', key, offset, offset + length - 1)) as Buffer
      // It was removed while it was read.
      if (piece.length < length) throw noSuchFile()
      yield piece
      at += length
    }
  }

  async append(pieces: readonly FilePiece[]): Promise<boolean> {
    requirePieces(pieces)
    const keys: string[] = []
    const args: (string | Buffer | number)[] = [pieces.length]
    for (const { name, at, bytes } of pieces) {
      const slices = slicesOf(bytes, at)
      keys.push(this.#headKey(name), ...slices.map(({ index }) => this.#chunkKey(name, index)))
      const chunks = Math.ceil((at + bytes.length) / CHUNK_BYTES)
      args.push(at, at + bytes.length, chunks, slices.length)
      for (const slice of slices) args.push(slice.offset, slice.bytes)
    }
    return (await this.#eval(APPEND, keys, args)) === 1
  }

  /** It lasts as Redis keeps what it has acknowledged. */
  sync(): Promise<void> {
    return Promise.resolve()
  }

  async truncate(name: string, size: number): Promise<void> {
    const index = Math.floor(size / CHUNK_BYTES)
    const keys = [this.#headKey(name), this.#chunkKey(name, index)]
    await this.#eval(TRUNCATE, keys, [size, size % CHUNK_BYTES])
  }

  async remove(name: string): Promise<void> {
    const head = this.#headKey(name)
    const found = (await this.#ask('HGET', head, 'chunks')) as Buffer | null
    const chunks = Number(found?.toString() ?? 0)
    // Nobody finds it from now on; whoever dies before all is gone finds how much there was.
    await this.#ask('HDEL', head, 'size')
    for (let from = 0; from < chunks; from += REMOVED_AT_ONCE) {
      const to = Math.min(from + REMOVED_AT_ONCE, chunks)
      const keys = Array.from({ length: to - from }, (_, index) => this.#chunkKey(name, from + index))
      await this.#ask('UNLINK', ...keys)
    }
    await this.#ask('UNLINK', head)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #headKey(name: string): string {
    return `${this.#prefix}{file:${groupOf(requireFileName(name))}}:${name}`
  }

  #chunkKey(name: string, index: number): string {
    return `${this.#headKey(name)}:${index}`
  }

  #eval(script: string, keys: readonly string[], args: readonly (string | Buffer | number)[]): Promise<unknown> {
    return this.#ask('EVAL', script, keys.length, ...keys, ...args)
  }

  async #ask(command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    try {
      return await this.#client.callBuffer(command, ...args)
    } catch (error) {
      throw fileStoreError('Redis did not answer, or refused', error)
    }
  }
}

/** Bytes that begin at `at`, by the chunks they lie in. */
function slicesOf(bytes: Uint8Array, at: number): { index: number; offset: number; bytes: Buffer }[] {
  const slices = []
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let from = 0; from < bytes.length;) {
    const offset = (at + from) % CHUNK_BYTES
    const length = Math.min(bytes.length - from, CHUNK_BYTES - offset)
    const index = Math.floor((at + from) / CHUNK_BYTES)
    slices.push({ index, offset, bytes: whole.subarray(from, from + length) })
    from += length
  }
  return slices
}
