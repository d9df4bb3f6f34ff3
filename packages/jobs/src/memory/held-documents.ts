import type { DocumentName } from '../documents/document-store.ts'
import { DocumentLists } from './document-lists.ts'
import { bytesOf, byForgetting, type MemoryDocument } from './memory-document.ts'
import { SortedList } from './sorted-list.ts'

/** All documents, by name and in their lists. */
export class HeldDocuments {
  readonly #byName: Map<string, MemoryDocument> = new Map()
  readonly #kinds: Map<string, DocumentLists> = new Map()
  readonly #forgotten: SortedList<MemoryDocument> = new SortedList(byForgetting)
  /** Bytes they take, about. */
  bytes = 0

  get({ kind, id }: DocumentName): MemoryDocument | undefined {
    return this.#byName.get(`${kind} ${id}`)
  }

  of(kind: string): DocumentLists {
    let lists = this.#kinds.get(kind)
    if (!lists) this.#kinds.set(kind, (lists = new DocumentLists()))
    return lists
  }

  add(document: MemoryDocument): void {
    this.#byName.set(`${document.kind} ${document.id}`, document)
    this.#enter(document)
  }

  delete(document: MemoryDocument): void {
    this.#byName.delete(`${document.kind} ${document.id}`)
    this.#leave(document)
  }

  /** Changes what places it has. */
  change(document: MemoryDocument, act: () => void): void {
    this.#leave(document)
    act()
    this.#enter(document)
  }

  /** `Infinity`: none is ever. */
  get nextForgottenMs(): number {
    return this.#forgotten.at(0)?.forgetAtMs ?? Infinity
  }

  forget(nowMs: number): void {
    while (this.nextForgottenMs <= nowMs) this.delete(this.#forgotten.at(0)!)
  }

  #enter(document: MemoryDocument): void {
    this.bytes += bytesOf(document)
    this.of(document.kind).add(document)
    if (document.forgetAtMs < Infinity) this.#forgotten.add(document)
  }

  #leave(document: MemoryDocument): void {
    this.bytes -= bytesOf(document)
    this.of(document.kind).delete(document)
    if (document.forgetAtMs < Infinity) this.#forgotten.delete(document)
  }
}
