/** An application of the integration under test, as it listens. */
export interface ServedIntegration {
  /** Where it is, without a slash at its end: `http://127.0.0.1:3000`. */
  readonly url: string
  /** Cuts all connections, and listens no more. */
  close(): Promise<void>
}

/**
 * An integration under test: how to serve the application of `createSuiteApp` with it, in this process or in another one.
 *
 * | route | what the application answers |
 * |---|---|
 * | `POST /chat` | tokens, as `ask(body)` says, with the body that its own parser of JSON has read |
 * | `GET /chat` | tokens, as `ask(query.script)` says |
 * | `GET /suite` | `report(query)`, as JSON |
 * | `GET {mount}/own` | `{"own":true}` |
 * | `GET /large` | 64 KiB of text, compressed where the framework compresses |
 * | the resource, at {@link IntegrationDriver.mount} | its runner is `(body) => ask(body).source` |
 *
 * Every answer of `/chat` and of the resource has the cookies `a=1` and `b=2`, set in the framework's own way.
 */
export interface IntegrationDriver {
  /** Serves a new application; resolves once clients can reach it. */
  serve(): Promise<ServedIntegration>
  /**
   * Where its streams are.
   *
   * @defaultValue '/v1'
   */
  readonly mount?: string | undefined
  /**
   * False where the framework has nothing that compresses.
   *
   * @defaultValue true
   */
  readonly compresses?: boolean | undefined
  /**
   * True where something on the way compresses event streams too, although we ask that nobody does: then they come compressed,
   * and word by word all the same.
   *
   * @defaultValue false
   */
  readonly compressesStreams?: boolean | undefined
  /**
   * How the platform learns that a client has left: from its connection, or by writing to it alone. For the latter
   * `createSuiteApp` is given a short `heartbeatMs`.
   *
   * @defaultValue 'at once'
   */
  readonly noticesLeaving?: 'at once' | 'by writing' | undefined
}
