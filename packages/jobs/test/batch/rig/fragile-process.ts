import type { DocumentStore } from '../../../src/index.ts'
import type { FilePiece, FileStore } from '../../../src/batch.ts'
import type { MemoryFiles } from './memory-files.ts'

/** How much of a piece is written when the process dies in the middle of it. */
export type Torn = 'nothing' | 'first' | 'half' | 'all'

/**
 * What lies between a process and its stores: once it is dead nothing gets through any more, and nothing comes back; while it
 * stands still everything waits. Writing takes its time, in which the process may die.
 */
export class FragileProcess {
  readonly #files: MemoryFiles
  readonly #documents: DocumentStore
  readonly #delay: () => Promise<void>
  /** What becomes of the pieces that are being written when it dies. */
  #torn: Torn = 'nothing'
  #isDead = false
  #standing: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(documents: DocumentStore, files: MemoryFiles, delay: () => Promise<void>) {
    this.#documents = documents
    this.#files = files
    this.#delay = delay
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Dies; of each piece that is being written so much is written. */
  die(torn: Torn): void {
    this.#isDead = true
    this.#torn = torn
  }

  standStill(): void {
    this.#standing ??= Promise.withResolvers<void>()
  }

  goOn(): void {
    this.#standing?.resolve()
    this.#standing = undefined
  }

  /** Settles when it may go on; never, where it is dead. */
  async pass(): Promise<void> {
    while (this.#standing) await this.#standing.promise
    if (this.#isDead) await new Promise(() => {})
  }

  get documents(): DocumentStore {
    const through = (store: DocumentStore, name: keyof DocumentStore) => {
      const call = store[name] as (...args: unknown[]) => unknown
      if (name === 'watch') return call.bind(store)
      return async (...args: unknown[]) => {
        await this.pass()
        return call.apply(store, args)
      }
    }
    return new Proxy(this.#documents, {
      get: (store, name: keyof DocumentStore) =>
        typeof store[name] === 'function' ? through(store, name) : store[name],
    })
  }

  get files(): FileStore {
    const files = this.#files
    const pass = (): Promise<void> => this.pass()
    const append = async (pieces: readonly FilePiece[]): Promise<boolean> => {
      await pass()
      await this.#delay()
      if (this.#isDead) this.#tear(pieces)
      await pass()
      return files.append(pieces)
    }
    return {
      name: files.name,
      shared: true,
      create: (name, chunks) => pass().then(() => files.create(name, chunks)),
      size: (name) => pass().then(() => files.size(name)),
      async *read(name, range) {
        for await (const piece of files.read(name, range)) {
          await pass()
          yield piece
        }
      },
      append,
      sync: (names) => pass().then(() => files.sync(names)),
      truncate: (name, size) => pass().then(() => files.truncate(name, size)),
      remove: (name) => pass().then(() => files.remove(name)),
      close: () => files.close(),
    }
  }

  /** As a disk may have it: the first of them written, or that not whole. */
  #tear(pieces: readonly FilePiece[]): void {
    const torn = this.#torn
    const [first, ...others] = pieces.filter(({ bytes }) => bytes.length > 0)
    const { files } = this.#files
    if (torn === 'nothing' || !first || pieces.some(({ name, at }) => (files.get(name)?.length ?? 0) !== at)) return
    const half = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.floor(bytes.length / 2))
    this.#files.put(first.name, torn === 'half' ? half(first.bytes) : first.bytes)
    if (torn === 'all') for (const { name, bytes } of others) this.#files.put(name, bytes)
  }
}
