import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A file of the page, as it is served. */
export interface PageFile {
  readonly type: string
  readonly etag: string
  readonly plain: Buffer
  /** The same, compressed: made when it is asked for. */
  gzipped(): Buffer
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** Where the page is built to, and where the package has it. */
const FOLDER = new URL('../../page/', import.meta.url)

/** The files of the built page, by name; nothing where it was not built. */
export function readPageFiles(folder: URL = FOLDER): ReadonlyMap<string, PageFile> | undefined {
  try {
    const names = readdirSync(folder).filter((name) => extname(name) in TYPES)
    return new Map(names.map((name) => [name, toFile(TYPES[extname(name)]!, readFileSync(new URL(name, folder)))]))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function toFile(type: string, plain: Buffer): PageFile {
  let compressed: Buffer | undefined
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
  return { type, etag, plain, gzipped: () => (compressed ??= gzipSync(plain, { level: 9 })) }
}
