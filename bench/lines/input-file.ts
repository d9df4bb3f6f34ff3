import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/** Writes a file of so many requests. */
export async function writeInput(path: string, count: number): Promise<void> {
  const file = createWriteStream(path)
  for (let index = 0; index < count; index++) {
    const body = { model: 'bench', messages: [{ role: 'user', content: `What is ${index} good for? Say it shortly.` }] }
    const line = { custom_id: `line-${index}`, method: 'POST', url: '/v1/chat/completions', body }
    if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}
