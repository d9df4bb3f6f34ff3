import { ROWS } from './index.ts'
import type { Row } from '../trials/row.ts'

/** The rows of a part, by how their names begin. */
export const PARTS: Readonly<Record<string, readonly string[]>> = {
  transports: ['transports-*'],
  peers: ['peers-*', 'redis-commands', 'redis-fast'],
  sockets: ['ws-*', 'grpc-*'],
  memory: [
    'idle-memory',
    'stalled',
    'stalled-tokens',
    'ws-stalled*',
    'transports-memory',
    'peers-idle',
    'peers-stalled',
  ],
  redis: ['redis-*'],
  sqlite: ['sqlite-*'],
  batch: ['batch-*'],
  jobs: ['jobs'],
  gateway: ['gateway-*', 'peers-gateway'],
  wires: ['ui-*', 'codecs', 'gateway-hop*'],
}

/** What a quick run of everything looks at: a row for each question, and where there are many contestants, some. */
const QUICK: Readonly<Record<string, readonly string[] | undefined>> = {
  s100: undefined,
  'redis-commands': undefined,
  'transports-110': ['SSE, naive', 'adaptive + backpressure (sluice, SSE)', 'gRPC (grpc-js, waits)'],
  'transports-memory': ['SSE, naive', 'adaptive + backpressure (sluice, SSE)'],
  'transports-page': undefined,
  'peers-fast': ['raw node:http', 'better-sse', 'ai createUIMessageStream', 'raw ws', 'grpc-js', 'sluice'],
  'peers-gateway': ['none: the backend itself', 'nginx', 'sluice gateway'],
}

/** The rows that are meant by names of parts, and of rows. @throws Error for one that there is not */
export function rowsOf(parts: readonly string[], only: readonly string[] = []): readonly Row[] {
  const names = [...parts.flatMap(namesOfPart), ...only.flatMap((list) => list.split(','))]
  if (names.length === 0) return ROWS
  const unknown = names.find((name) => !ROWS.some(({ id }) => matches(name, id)))
  if (unknown !== undefined) throw new Error(`No row "${unknown}"; there are ${ROWS.map(({ id }) => id).join(', ')}.`)
  return ROWS.filter(({ id }) => names.some((name) => matches(name, id)))
}

/** The rows of a quick run of everything. */
export function quickRows(): readonly Row[] {
  return ROWS.filter(({ id }) => id in QUICK).map((row) => narrowed(row, QUICK[row.id]))
}

function narrowed(row: Row, names: readonly string[] | undefined): Row {
  if (!names) return row
  const isIn = ({ name }: { readonly name: string }): boolean => names.includes(name)
  return { ...row, contestants: row.contestants.filter(isIn) } as Row
}

function namesOfPart(part: string): readonly string[] {
  const names = PARTS[part]
  if (names) return names
  throw new Error(`No part "${part}"; there are policies, ${Object.keys(PARTS).join(', ')}.`)
}

function matches(name: string, id: string): boolean {
  return name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : id === name
}
