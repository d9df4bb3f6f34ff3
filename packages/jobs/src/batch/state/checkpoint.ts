import type { FileStore } from '../files/file-store.ts'
import type { BatchCounts } from './batch-machine.ts'
import { readWhole } from './read-whole.ts'

/** Where a line is. */
export interface LinePlace {
  /** 1 is the first line of the file. */
  readonly line: number
  readonly offset: number
  /** In bytes, without what ends it. */
  readonly length: number
}

/** A line that has begun and is not finished. */
export interface OpenLine extends LinePlace {
  /** How often it has begun. */
  readonly attempts: number
}

/** How long the files of a batch are. */
export interface PartSizes {
  readonly output: number
  readonly errors: number
  readonly begun: number
}

/**
 * How far a batch is. Lines begin in the order of the file, so this is all: where the next one is, and those before it that are not
 * finished. What came after it was written is in the files, behind these sizes.
 */
export interface Checkpoint {
  /** The line that began last; 0: none. */
  readonly line: number
  /** Where that line ends. */
  readonly offset: number
  readonly open: readonly OpenLine[]
  /** Lines behind that one that are finished all the same: a power cut has taken the word that they had begun. */
  readonly ahead: readonly number[]
  readonly sizes: PartSizes
  readonly counts: Omit<BatchCounts, 'total'>
}

export const FIRST_CHECKPOINT: Checkpoint = {
  line: 0,
  offset: 0,
  open: [],
  ahead: [],
  sizes: { output: 0, errors: 0, begun: 0 },
  counts: { succeeded: 0, failed: 0, cancelled: 0, expired: 0 },
}

/** How a line was finished, as its place in a file of results says it. */
export interface FinishedLine {
  readonly line: number
  readonly as: keyof Checkpoint['counts']
}

/** How results are read again. `undefined` for bytes that are no result. */
export type ReadFinished = (bytes: Uint8Array, part: 'output' | 'errors') => FinishedLine | undefined

/** What is written when a line begins. */
export function begunEntry({ line, offset, length }: LinePlace): string {
  return `${line} ${offset} ${length}\n`
}

/** Names of the files of a batch. */
export type PartNames = { readonly [Part in keyof PartSizes | 'fence']: string }

/**
 * How far a batch is by what its files say since the checkpoint. What was torn off in the middle of a line is taken away, and so is
 * what follows on something that nobody has written so, as after a power cut: those lines are asked again.
 */
export async function recoverCheckpoint(
  files: FileStore,
  names: PartNames,
  { checkpoint, readFinished }: { checkpoint: Checkpoint; readFinished: ReadFinished },
): Promise<Checkpoint> {
  const open = new Map(checkpoint.open.map((line) => [line.line, line]))
  const counts = { ...checkpoint.counts }
  const ahead = new Set(checkpoint.ahead)
  let { line, offset } = checkpoint
  const begun = await tailOf(files, names.begun, checkpoint.sizes.begun, readBegun)
  for (const place of begun.read) {
    const attempts = (open.get(place.line)?.attempts ?? 0) + 1
    open.set(place.line, { ...place, attempts })
    if (place.line > line) [line, offset] = [place.line, place.offset + place.length]
  }
  const sizes = { output: 0, errors: 0, begun: begun.size }
  for (const part of ['output', 'errors'] as const) {
    const tail = await tailOf(files, names[part], checkpoint.sizes[part], (bytes) => readFinished(bytes, part))
    sizes[part] = tail.size
    for (const finished of tail.read) {
      if (open.delete(finished.line)) counts[finished.as]++
      else if (finished.line > line && !ahead.has(finished.line)) {
        ahead.add(finished.line)
        counts[finished.as]++
      }
    }
  }
  return { line, offset, open: [...open.values()], ahead: [...ahead].filter((one) => one > line), sizes, counts }
}

const DECODER = new TextDecoder()
const LINE_FEED = 0x0a

function readBegun(bytes: Uint8Array): LinePlace | undefined {
  const [, line, offset, length] = /^(\d+) (\d+) (\d+)$/.exec(DECODER.decode(bytes))?.map(Number) ?? []
  return line === undefined ? undefined : { line, offset: offset!, length: length! }
}

/** What the lines behind `from` say, up to the first that says nothing, and how long the file is with them. */
async function tailOf<Said>(
  files: FileStore,
  name: string,
  from: number,
  read: (bytes: Uint8Array) => Said | undefined,
): Promise<{ read: Said[]; size: number }> {
  const size = (await files.size(name)) ?? 0
  if (size <= from) return { read: [], size }
  const tail = await readWhole(files.read(name, { from, to: size }))
  const all: Said[] = []
  let good = 0
  for (let stop = tail.indexOf(LINE_FEED); stop >= 0; stop = tail.indexOf(LINE_FEED, good)) {
    const said = read(tail.subarray(good, stop))
    if (said === undefined) break
    all.push(said)
    good = stop + 1
  }
  if (good < tail.length) await files.truncate(name, from + good)
  return { read: all, size: from + good }
}
