import type { DocumentWrite } from '../../documents/document-store.ts'
import type { OwnerUsage } from './owner-usage.ts'

/** What a file is for. */
export type FilePurpose = 'batch' | 'batch_output'

/** What is known of a file. */
export interface FileRecord {
  /** Where its bytes are. */
  readonly name: string
  readonly filename: string
  readonly purpose: FilePurpose
  readonly bytes: number
  readonly createdAtMs: number
  /** Left out: it is kept until it is deleted. */
  readonly expiresAtMs?: number | undefined
}

/** A file, whoever has its id. */
export interface KnownFile extends FileRecord {
  readonly id: string
  /** How often its record was written. */
  readonly version: number
}

/** Bytes that were received. */
export interface ReceivedFile {
  readonly id: string
  readonly bytes: number
}

/** What is said of a file. */
export interface SaidOfFile {
  readonly filename: string
  readonly purpose: FilePurpose
  /** Default: until it is deleted. */
  readonly keepMs?: number | undefined
  /** Its owner does not see it among the files. */
  readonly isApart?: boolean | undefined
  /** What is to be written together with it. */
  readonly writes?: readonly DocumentWrite[] | undefined
  /** What its owner has more of by that. */
  readonly more?: Partial<OwnerUsage> | undefined
}

/** Some of an owner's files. */
export interface FilePage {
  readonly files: readonly KnownFile[]
  readonly more: boolean
}
