declare module 'event-source-polyfill' {
  /** What the polyfill asks of a transport of one's own; it is made twice, and opened once. */
  export interface PolyfillTransport {
    open(
      xhr: unknown,
      onStart: (status: number, statusText: string, contentType: string, headers: object) => void,
      onProgress: (text: string) => void,
    ): { abort(): void }
  }

  export class EventSourcePolyfill {
    constructor(url: string, options: { Transport: new () => PolyfillTransport })
    dispatchEvent(event: { type: string; data: string; lastEventId: string }): void
    close(): void
  }
}
