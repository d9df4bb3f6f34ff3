import type { Ask, Rig } from './rig.ts'

/** A line of a long-poll: an event or a notice. */
export interface Line {
  type: string
  cursor?: string
  text?: string
  code?: string
  reason?: string
}

/** What one poll was answered. */
export interface Polled {
  status: number
  headers: Headers
  lines: Line[]
  /** Where the next one goes on. */
  cursor: string | null
}

/** Reads the answer to a poll: every line is whole, and has its cursor if it is an event. */
export async function polledOf(response: Response): Promise<Polled> {
  const { status, headers } = response
  const body = await response.text()
  if (status !== 200) return { status, headers, lines: [], cursor: null }
  if (body !== '' && !body.endsWith('\n')) throw new Error(`the last line is cut: ${body.slice(-100)}`)
  const lines = body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
  return { status, headers, lines, cursor: headers.get('sluice-cursor') }
}

/** Polls a stream once. */
export async function poll(
  { ask }: Pick<Rig, 'ask'>,
  ref: string,
  { wait, query = '', ...asked }: Ask & { wait?: number | string; query?: string } = {},
): Promise<Polled> {
  const prefer: Record<string, string> = wait === undefined ? {} : { prefer: `wait=${wait}` }
  const headers = { accept: 'application/x-ndjson', ...prefer, ...asked.headers }
  return polledOf(await ask('GET', `/streams/${ref}${query}`, { ...asked, headers }))
}

/** The text of choice 0 in lines. */
export function lineTextOf({ lines }: Pick<Polled, 'lines'>): string {
  return lines.map(({ type, text }) => (type === 'text' ? text : '')).join('')
}
