import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SRC = join(import.meta.dirname, '../src')

/** What an entry exports, a line a name, types marked as such. */
function exportsOf(file: string): string {
  const text = readFileSync(join(SRC, file), 'utf8')
  const names = [...text.matchAll(/export (type )?\{([^}]*)\} from/g)].flatMap(([, allTypes, list = '']) =>
    list
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => `${item.replace(/^type /, '')}${allTypes || item.startsWith('type ') ? ' (type)' : ''}`),
  )
  return `${names.toSorted().join('\n')}\n`
}

test.each(['index', 'extend'])('@sluice/core, %s.ts: what it exports changes on purpose only', async (entry) => {
  await expect(exportsOf(`${entry}.ts`)).toMatchFileSnapshot(`exports/${entry}.txt`)
})

test('no name is exported twice', () => {
  const names = `${exportsOf('index.ts')}${exportsOf('extend.ts')}`.trim().split('\n')
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
