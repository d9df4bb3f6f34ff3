import { once } from 'node:events'
import type { Readable } from 'node:stream'

import { Busboy, type BusboyFileStream, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy'

import type { ReceivedFile } from '../files/file-record.ts'
import { wrongRequest } from './request-error.ts'

/** What comes with a file. */
export interface UploadParts {
  readonly file: ReceivedFile
  readonly filename: string
  /** The other parts, by name: the last one of a name counts. */
  readonly fields: ReadonlyMap<string, string>
}

/** How an upload is taken. */
export interface UploadOptions {
  readonly contentType: string | undefined
  readonly maxBytes: number
  /** Takes the bytes of the file as they come. */
  readonly receive: (bytes: AsyncIterable<Uint8Array>) => Promise<ReceivedFile>
  /** What was received is not wanted. */
  readonly discard: (file: ReceivedFile) => Promise<void>
}

const LIMITS = { fieldNameSize: 100, fieldSize: 4_096, fields: 32, files: 1, headerPairs: 32, headerSize: 16_384 }
const MAX_NAME_CHARS = 256

/**
 * A file and what is said of it, whichever comes first: official clients send what it is for after its last byte.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE`; and whatever `body` or `receive` throws
 */
export async function readUpload(body: AsyncIterable<Uint8Array>, options: UploadOptions): Promise<UploadParts> {
  const { contentType = '', maxBytes, receive, discard } = options
  const parser = parserOf(contentType, maxBytes)
  const fields = new Map<string, string>()
  let receiving: Promise<{ file: ReceivedFile; filename: string }> | undefined
  const problem = Promise.withResolvers<never>()
  problem.promise.catch(() => {})
  parser.on('field', (name, value, nameCut, valueCut) => {
    if (nameCut || valueCut) problem.reject(malformed(`The part ${JSON.stringify(name.slice(0, 80))} is too long.`))
    fields.set(name, value)
  })
  parser.on('file', (name, stream, filename) => {
    if (name !== 'file') {
      problem.reject(malformed(`The file must be the part "file", and is ${JSON.stringify(name.slice(0, 80))}.`))
      stream.resume()
      return
    }
    receiving = receive(wholePart(stream, maxBytes)).then((file) => ({ file, filename }))
    receiving.catch(problem.reject)
  })
  parser.on('filesLimit', () => problem.reject(malformed('An upload has one file.')))
  parser.on('fieldsLimit', () =>
    problem.reject(malformed(`An upload has at most ${LIMITS.fields} parts beside its file.`)),
  )
  parser.on('error', (error: unknown) =>
    problem.reject(malformed(`The body is no multipart form: ${messageOf(error)}.`)),
  )
  const finished = once(parser, 'finish')
  finished.catch(() => {})
  try {
    for await (const chunk of body) {
      if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), problem.promise])
      else await Promise.race([problem.promise, Promise.resolve()])
    }
    parser.end()
    await Promise.race([finished, problem.promise])
    const received = await receiving
    if (!received) throw malformed('The upload has no part "file".', 'file')
    return { file: received.file, filename: nameOf(received.filename), fields }
  } catch (error) {
    parser.destroy(error as Error)
    // What comes after all is not wanted either.
    await receiving?.then(({ file }) => discard(file)).catch(() => {})
    throw error
  }
}

function parserOf(contentType: string, maxBytes: number): BusboyInstance {
  try {
    const headers: BusboyHeaders = { 'content-type': contentType }
    return new Busboy({ headers, limits: { ...LIMITS, fileSize: maxBytes } })
  } catch {
    throw wrongRequest({ message: 'Send a file as multipart/form-data, with a boundary.', status: 415 })
  }
}

/** The bytes of a part, all of them. */
async function* wholePart(stream: BusboyFileStream, maxBytes: number): AsyncGenerator<Uint8Array> {
  yield* stream as Readable
  if (stream.truncated) throw tooLarge(maxBytes)
}

/** What is said of a file that is too long. */
export function tooLarge(maxBytes: number): Error {
  const message = `A file may have ${maxBytes} bytes, which is what limits.fileBytes allows. Split it into several.`
  return wrongRequest({ message, param: 'file', code: 'file_too_large', status: 413 })
}

function malformed(message: string, param?: string): Error {
  return wrongRequest({ message, param, code: 'invalid_upload' })
}

function nameOf(filename: string | undefined): string {
  return (filename ?? '').slice(0, MAX_NAME_CHARS) || 'upload.jsonl'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read'
}
