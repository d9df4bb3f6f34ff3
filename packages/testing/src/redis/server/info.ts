/** What `INFO` answers, by name. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':') && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

/** A number of `INFO`; one that is missing is an error, not a zero. */
export function numberOf(info: ReadonlyMap<string, string>, name: string): number {
  const value = Number(info.get(name) ?? Number.NaN)
  if (Number.isNaN(value)) throw new Error(`INFO has no number named ${name}`)
  return value
}

/** Calls by command, from `INFO commandstats`: `cmdstat_xadd:calls=3,usec=…`. */
export function callsOf(info: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  const prefix = 'cmdstat_'
  const lines = [...info].filter(([name]) => name.startsWith(prefix))
  return new Map(lines.map(([name, line]) => [name.slice(prefix.length), Number(/calls=(\d+)/.exec(line)?.[1])]))
}
