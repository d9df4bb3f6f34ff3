import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'

import { answerParent } from '../process/child.ts'

/** What is asked. */
export interface LineLoop {
  readonly input: string
  readonly output: string
  readonly url: string
  readonly concurrency: number
}

/** What one writes without thinking twice: so many functions that take a line, send it, and write what came. */
answerParent({
  async run({ input, output, url, concurrency }: LineLoop): Promise<void> {
    const lines = createInterface({ input: createReadStream(input) })[Symbol.asyncIterator]()
    const file = await open(output, 'w')
    const work = async (): Promise<void> => {
      for (;;) {
        const { value, done } = await lines.next()
        if (done) return
        const line = JSON.parse(value) as { custom_id: string; body: object }
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(line.body),
        })
        const body: unknown = await response.json()
        await file.appendFile(`${JSON.stringify({ custom_id: line.custom_id, response: { body } })}\n`)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, work))
    await file.close()
  },
})
