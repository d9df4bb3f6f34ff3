/** A line of a poll's answer. */
export interface PolledLine {
  readonly type: string
  readonly cursor?: string
  readonly text?: string
  readonly [member: string]: unknown
}

/** What one poll was answered. */
export interface PolledAnswer {
  readonly status: number
  readonly headers: Headers
  readonly lines: readonly PolledLine[]
  /** Where the next poll goes on. */
  readonly cursor: string
}

/** Polls once, as a page does: with `wait` in the query. */
export async function pollOnce(
  url: string,
  { wait = 30, after, signal }: { wait?: number; after?: string | undefined; signal?: AbortSignal } = {},
): Promise<PolledAnswer> {
  const query = new URLSearchParams({ wait: String(wait), ...(after !== undefined && { after }) })
  const headers = { accept: 'application/x-ndjson' }
  const response = await fetch(`${url}?${query.toString()}`, { headers, ...(signal && { signal }) })
  const body = await response.text()
  const lines = response.status === 200 ? body.split('\n').filter((line) => line !== '') : []
  return {
    status: response.status,
    headers: response.headers,
    lines: lines.map((line) => JSON.parse(line) as PolledLine),
    cursor: response.headers.get('sluice-cursor') ?? '',
  }
}

/** Polls on until the end, or until reading here is over; gives all lines. */
export async function pollToEnd(url: string, from?: string): Promise<PolledLine[]> {
  const lines: PolledLine[] = []
  for (let after = from; ;) {
    const answer = await pollOnce(url, { after })
    if (answer.status !== 200) throw new Error(`a poll was answered with ${answer.status}`)
    lines.push(...answer.lines)
    const last = lines.at(-1)?.type
    if (last === 'end' || last === 'closed') return lines
    after = answer.cursor
  }
}

/** The text of choice 0. */
export function polledText(lines: readonly PolledLine[]): string {
  return lines.map(({ type, text }) => (type === 'text' ? text : '')).join('')
}
