const CR_LF = '\r\n'
/** Values that are a length, and so many bytes. */
const BULK = '$!='
/** Values that are a count, and so many values; those of the second kind so many pairs. */
const LISTS = '*~>'
const PAIRS = '%|'

/** Cuts what a Redis sends into whole replies, whatever the protocol (RESP2 or RESP3) and the network's pieces. */
export class ReplySplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** The replies that are whole by now. */
  push(bytes: Uint8Array): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const replies: Buffer[] = []
    for (let end = this.#endOf(0); end !== undefined; end = this.#endOf(0)) {
      replies.push(this.#rest.subarray(0, end))
      this.#rest = this.#rest.subarray(end)
    }
    return replies
  }

  /** Where the value that begins at `start` ends; `undefined` while it is not all there. */
  #endOf(start: number): number | undefined {
    const lineEnd = this.#rest.indexOf(CR_LF, start)
    if (lineEnd === -1) return undefined
    const next = lineEnd + CR_LF.length
    const kind = String.fromCharCode(this.#rest[start]!)
    const size = Number(this.#rest.toString('latin1', start + 1, lineEnd))
    if (BULK.includes(kind)) {
      const end = size < 0 ? next : next + size + CR_LF.length
      return end <= this.#rest.length ? end : undefined
    }
    let values = LISTS.includes(kind) ? size : PAIRS.includes(kind) ? 2 * size : 0
    let end: number | undefined = next
    for (; values > 0 && end !== undefined; values--) end = this.#endOf(end)
    return end
  }
}
