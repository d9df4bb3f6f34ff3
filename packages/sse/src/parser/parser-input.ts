const BOM = 0xfeff

/** The text of one SSE stream: UTF-8 whose code points may be cut anywhere, without the BOM it may begin with. */
export class SseInput {
  #decoder: TextDecoder | undefined
  #begun = false

  decode(chunk: string | Uint8Array): string {
    const text = typeof chunk === 'string' ? this.flush() + chunk : this.#decodeBytes(chunk)
    if (this.#begun || text === '') return text
    this.#begun = true
    return text.charCodeAt(0) === BOM ? text.slice(1) : text
  }

  /** What stands for a code point that will not be completed. */
  flush(): string {
    return this.#decoder?.decode() ?? ''
  }

  #decodeBytes(bytes: Uint8Array): string {
    // Without ignoreBOM the decoder drops a BOM of its own accord, and `decode` would drop a second one.
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
    return this.#decoder.decode(bytes, { stream: true })
  }
}
