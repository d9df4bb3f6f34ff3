/** What stands between client and backend, in processes of its own. */
export interface Hop extends AsyncDisposable {
  readonly port: number
  /** Its process; what that has begun counts with it. */
  readonly pid: number
  /** Headers that a client sends to be let through. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A hop under the name it has in the report; `start` puts it before a backend. */
export interface HopKind {
  readonly name: string
  start(backendPort: number): Promise<Hop>
  /** Why it cannot be measured here, if so. */
  missing?(): string | undefined
}
