// Lists the files of more than 200 lines: over 250 the linter refuses them.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './workspace.mjs'

const AIM = 200

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'], {
  cwd: ROOT,
  encoding: 'utf8',
})
const long = files
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)))
  .map((file) => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1 }))
  .filter(({ lines }) => lines > AIM)
  .toSorted((a, b) => b.lines - a.lines)
for (const { file, lines } of long) process.stdout.write(`${String(lines).padStart(5)} ${file}\n`)
process.stdout.write(`${long.length} files have more than ${AIM} lines; split them by concept\n`)
