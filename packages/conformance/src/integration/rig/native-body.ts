/** The text of choice 0 in a body of sluice's own wire. */
export function textOf(body: string): string {
  return dataOf(body, 'text')
    .map((data) => (data as { text: string }).text)
    .join('')
}

/** What the end says, once it is there. */
export function endOf(body: string): unknown {
  return dataOf(body, 'end').at(-1)
}

/** The id of the last whole event. */
export function lastIdOf(body: string): string {
  const whole = body.slice(0, body.lastIndexOf('\n\n'))
  return [...whole.matchAll(/^id: (\S+)$/gm)].at(-1)![1]!
}

function dataOf(body: string, type: string): unknown[] {
  return [...body.matchAll(new RegExp(`^event: ${type}\ndata: (.*)$`, 'gm'))].map(([, data]) => JSON.parse(data!))
}
