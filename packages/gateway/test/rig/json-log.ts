import { type CliRun } from './spawned-gateway.ts'

/** A line of a gateway that runs with {@link JSON_LOG}. */
export interface Line {
  readonly level: string
  readonly message: string
  readonly reason?: string
  readonly why?: string
  readonly status?: number
  readonly stream?: string
  readonly request?: string
  readonly backendRequest?: string
}

export const JSON_LOG = ['--log-format', 'json']

export function linesOf({ stderr }: CliRun): Line[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}
