/** What a decoder dispatches, and the id it had then. */
export interface Dispatched {
  data: string
  id: string | undefined
}

/**
 * The decoder of openai-python, and of all SDKs that are generated like it: it never forgets an id, and once it has one
 * every blank line dispatches, data or not. What it dispatches is parsed as JSON.
 */
export function decodeAsGenerated(text: string): Dispatched[] {
  const dispatched: Dispatched[] = []
  let [id, retry, event]: (string | undefined)[] = []
  let data: string[] = []
  for (const line of text.split(/\r\n|\n|\r/).slice(0, -1)) {
    const [, name, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line)!
    if (line === '') {
      if (event || data.length > 0 || id || retry) dispatched.push({ data: data.join('\n'), id })
      ;[event, retry, data] = [undefined, undefined, []]
    } else if (name === 'event') event = value
    else if (name === 'data') data.push(value)
    else if (name === 'id') id = value
    else if (name === 'retry') retry = value
  }
  return dispatched
}
