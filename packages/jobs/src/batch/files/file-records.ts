import type { WallClock } from '@sluice/core/extend'
import { randomUUID } from 'node:crypto'

import { SluiceError } from '@sluice/core'

import type { DocumentStore, DocumentWrite, StoredDocument } from '../../documents/document-store.ts'
import type { FilePage, FileRecord, KnownFile, ReceivedFile, SaidOfFile } from './file-record.ts'
import type { FileStore } from './file-store.ts'
import { type OwnerUsage, writeCounted } from './owner-usage.ts'

/** What a file record is made of. */
export interface FileRecordsParts {
  readonly documents: DocumentStore
  readonly files: FileStore
  readonly clock: WallClock
  readonly limits: OwnerUsage
}

const KIND = 'file'
const KEPT = 'kept'
/** As good as kept, but part of something else. */
const APART = 'apart'
/** Bytes may be there, and nobody sees them: they go when it is due. */
const UNFINISHED = 'unfinished'
const REMOVING = 'removing'
const STATES = [KEPT, APART, UNFINISHED, REMOVING]
/** How long an upload may take. */
const UPLOAD_MS = 24 * 3_600_000
/** How many uploads of one owner may be under way. */
const UPLOADS = 8
/** How long the one who removes files that are due has for one. */
const REMOVE_MS = 60_000
const REMOVED_AT_ONCE = 16

/** Files by their ids, each one's owner's own: their bytes are in a {@link FileStore}, what is known of them in documents. */
export class FileRecords {
  readonly #documents: DocumentStore
  readonly #files: FileStore
  readonly #clock: WallClock
  readonly #limits: OwnerUsage

  constructor({ documents, files, clock, limits }: FileRecordsParts) {
    this.#documents = documents
    this.#files = files
    this.#clock = clock
    this.#limits = limits
  }

  /**
   * Takes bytes as they come. What the file is called and for is not known before they are there.
   *
   * @throws SluiceError `SLUICE_ERR_QUEUE_FULL` where too many come at once; and whatever `chunks` throws
   */
  async receive(scope: string, chunks: AsyncIterable<Uint8Array>): Promise<ReceivedFile> {
    const id = newFileId()
    const place = { scope, state: UNFINISHED }
    const written = await this.#documents.write(
      [{ kind: KIND, id, after: 0, value: { name: id }, place, dueInMs: UPLOAD_MS }],
      [{ kind: KIND, scope, state: UNFINISHED, atMost: UPLOADS }],
    )
    if (written.is !== 'ok') throw tooManyUploads()
    try {
      return { id, bytes: await this.#files.create(id, chunks) }
    } catch (error) {
      await this.discard(id)
      throw error
    }
  }

  /**
   * A file that was received is there from now on.
   *
   * @throws SluiceError `SLUICE_ERR_QUEUE_FULL` where its owner has too much
   */
  async keep(scope: string, received: ReceivedFile, said: SaidOfFile): Promise<KnownFile> {
    const { id, bytes } = received
    const record = this.recordOf({ name: id, bytes, ...said })
    try {
      const writes = [...(said.writes ?? []), { ...this.writeOf(scope, id, record, said.isApart), after: 1 }]
      const isKept = await writeCounted(this.#documents, {
        scope,
        writes,
        more: { ...said.more, files: 1, bytes },
        limits: this.#limits,
      })
      if (!isKept) throw uploadLost()
    } catch (error) {
      await this.discard(id)
      throw error
    }
    return { ...record, id, version: 2 }
  }

  /** What was received is not wanted. */
  async discard(id: string): Promise<void> {
    await this.#files.remove(id)
    const found = await this.#documents.read({ kind: KIND, id })
    if (found?.state === UNFINISHED) await this.#documents.write([{ kind: KIND, id, after: found.version }])
  }

  /** A record of bytes that are there. */
  recordOf({ name, bytes, filename, purpose, keepMs }: SaidOfFile & { name: string; bytes: number }): FileRecord {
    const createdAtMs = Math.floor(this.#clock.now())
    const expiresAtMs = keepMs === undefined ? {} : { expiresAtMs: createdAtMs + keepMs }
    return { name, filename, purpose, bytes, createdAtMs, ...expiresAtMs }
  }

  /** What writes a new record down. `isApart`: its owner has it, and does not see it among the files. */
  writeOf(scope: string, id: string, record: FileRecord, isApart = false): DocumentWrite {
    const { expiresAtMs } = record
    return {
      kind: KIND,
      id,
      after: 0,
      value: { ...record },
      place: { scope, state: isApart ? APART : KEPT },
      ...(expiresAtMs !== undefined && { dueInMs: Math.max(0, expiresAtMs - this.#clock.now()) }),
    }
  }

  /** The file of that id, if it is that owner's. */
  find(scope: string, id: string): Promise<KnownFile | undefined> {
    return this.#find(scope, id, [KEPT])
  }

  async #find(scope: string, id: string, states: readonly string[]): Promise<KnownFile | undefined> {
    if (!FILE_ID.test(id)) return undefined
    const found = await this.#documents.read({ kind: KIND, id })
    return found?.scope === scope && states.includes(found.state) ? fileOf(found) : undefined
  }

  /** Newest first. */
  async list(scope: string, { after, limit }: { after?: string | undefined; limit: number }): Promise<FilePage> {
    const { documents, more } = await this.#documents.list({ kind: KIND, scope, state: KEPT, after, limit })
    return { files: documents.map(fileOf), more }
  }

  /** Its bytes, from first to last. */
  read(file: FileRecord): AsyncIterable<Uint8Array> {
    return this.#files.read(file.name, { to: file.bytes })
  }

  /** False: it is not there, or not that owner's. Also of what its owner does not see. */
  async remove(scope: string, id: string): Promise<boolean> {
    for (;;) {
      const file = await this.#find(scope, id, [KEPT, APART])
      if (!file) return false
      if (await this.#remove(scope, file)) return true
    }
  }

  /** Removes files whose time is over, and what uploads have left; gives in how many milliseconds the next one is due. */
  async expire(): Promise<number | undefined> {
    for (const state of STATES) {
      const due = await this.#documents.claim({
        kind: KIND,
        from: [state],
        to: REMOVING,
        leaseMs: REMOVE_MS,
        limit: REMOVED_AT_ONCE,
      })
      for (const document of due) await this.#finish(document)
    }
    return this.#documents.nextDueInMs(KIND, STATES)
  }

  async #finish(document: StoredDocument): Promise<void> {
    const { id, scope, version } = document
    const value = document.value as { name: string }
    if ('bytes' in value) {
      await this.#remove(scope, fileOf(document))
      return
    }
    // It was never counted, or is not any more. Written anew, whoever uploads it is told that it is gone.
    const place = { scope, state: REMOVING }
    const written = await this.#documents.write([{ kind: KIND, id, after: version, value, place, dueInMs: REMOVE_MS }])
    if (written.is !== 'ok') return
    await this.#files.remove(value.name)
    await this.#documents.write([{ kind: KIND, id, after: version + 1 }])
  }

  /** The bytes go last: a record without bytes says that they are there. */
  async #remove(scope: string, { id, version, bytes, name }: KnownFile): Promise<boolean> {
    const place = { scope, state: UNFINISHED }
    // Whoever dies in between leaves it to be removed.
    const writes = [{ kind: KIND, id, after: version, value: { name }, place, dueInMs: REMOVE_MS }]
    if (!(await writeCounted(this.#documents, { scope, writes, more: { files: -1, bytes: -bytes } }))) return false
    await this.#files.remove(name)
    await this.#documents.write([{ kind: KIND, id, after: version + 1 }])
    return true
  }
}

const FILE_ID = /^file-[\w-]{1,64}$/

function newFileId(): string {
  return `file-${randomUUID().replaceAll('-', '')}`
}

function fileOf({ id, version, value }: StoredDocument): KnownFile {
  return { ...(value as unknown as FileRecord), id, version }
}

function tooManyUploads(): SluiceError {
  const message = `${UPLOADS} files of yours are being uploaded, which is all that may be at once. Wait until one is there.`
  return new SluiceError('SLUICE_ERR_QUEUE_FULL', message, { status: 429, retryAfterMs: 1_000 })
}

function uploadLost(): SluiceError {
  return new SluiceError('SLUICE_ERR_STORE', 'The upload took too long, and what was received is gone. Send it again.')
}
