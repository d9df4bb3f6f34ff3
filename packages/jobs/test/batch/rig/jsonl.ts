/** Lines of a batch's input, as a client of OpenAI writes them. */
export function inputOf(count: number, body: (index: number) => object = () => ({ model: 'm', messages: [] })): string {
  return Array.from({ length: count }, (_, index) => `${JSON.stringify(requestOf(`r${index}`, body(index)))}\n`).join(
    '',
  )
}

export function requestOf(customId: string, body: object, url = '/v1/chat/completions'): object {
  return { custom_id: customId, method: 'POST', url, body }
}

/** The values of lines of JSON. */
export function parseLines<Value = Record<string, unknown>>(text: string): Value[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Value)
}
