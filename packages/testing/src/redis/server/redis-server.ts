/** A Redis of the test's own, and what can be done to it. Everything that waits gives up after 20 s with an error. */
export interface RedisServer extends AsyncDisposable {
  /** As clients take it, password included. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Of the present process; another one after each {@link restart}. */
  readonly pid: number
  readonly state: 'running' | 'paused' | 'ended'
  /** What the present process printed; the last 64 KiB. */
  readonly log: string
  /**
   * Sends one command and gives its reply in the shapes of RESP2. An error reply rejects with a {@link RespError}.
   * Commands wait for each other. Arguments and replies are text: bytes that are not UTF-8 do not survive.
   */
  command(...args: string[]): Promise<unknown>
  /** What `INFO` says, by name. */
  info(section: string): Promise<ReadonlyMap<string, string>>
  /** SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGSTOP. Resolves when the process stands still. */
  pause(): Promise<void>
  /** SIGCONT. */
  resume(): void
  /**
   * Kills the process, if it is there, and starts another on the same port. What was acknowledged is kept when the
   * server has an append-only file, unless `empty`. Roles and slots are kept in any case.
   */
  restart(options?: { empty?: boolean | undefined }): Promise<void>
  /**
   * Closes the connections of this kind except the one of {@link command}; gives their number.
   * @defaultValue `'normal'`: those that do not subscribe
   */
  killConnections(type?: 'normal' | 'pubsub' | 'replica' | 'master'): Promise<number>
  /** Calls by lower-case command since the process began, those of this object included; `client|kill` for a subcommand. */
  commandsProcessed(): Promise<ReadonlyMap<string, number>>
  /** What the process has used, user and system. */
  cpuSeconds(): Promise<number>
  /** Bytes, as the server counts them against `maxMemory`. */
  usedMemory(): Promise<number>
  /** Ends the process, a paused one too, and removes its files. */
  close(): Promise<void>
}
