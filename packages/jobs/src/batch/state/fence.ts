import type { FilePiece, FileStore } from '../files/file-store.ts'
import { Superseded } from './superseded.ts'

const ONE = new Uint8Array([0x0a])
const NOTHING = new Uint8Array(0)

/** What shuts out whoever had a batch before: a file that grows by a byte whenever somebody takes the batch. */
export class Fence {
  /** Goes with every piece that is written: it is refused once somebody else has taken the batch. */
  readonly piece: FilePiece

  private constructor(piece: FilePiece) {
    this.piece = piece
  }

  /** From now on nobody who had the batch before writes to its files. @throws Superseded where another is about to take it */
  static async raise(files: FileStore, name: string): Promise<Fence> {
    const at = (await files.size(name)) ?? 0
    if (!(await files.append([{ name, at, bytes: ONE }]))) throw new Superseded('Somebody else takes the batch.')
    return new Fence({ name, at: at + 1, bytes: NOTHING })
  }
}
