// Builds the page into the gateway's folder `page`: one script, one worker, one style sheet, an icon, named for what is in them.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { rolldown } from 'rolldown'

const HERE = import.meta.dirname
const ROOT = join(HERE, '../..')
const INTO = join(ROOT, 'packages/gateway/page')
/** What the build was made of, for `scripts/page.mjs`, which looks whether any of it has changed. */
const STAMP = join(HERE, 'node_modules/.sluice-page.json')
const UPLOT_STYLE = fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css'))
/** In this order: what holds of some widths comes last. */
const STYLES = ['base', 'controls', 'panes', 'plots', 'live', 'batches', 'widths'].map((name) => `style/${name}.css`)
/** What is bundled of others comes with what they ask for. */
const UPLOT_LICENCE = fileURLToPath(import.meta.resolve('uplot/LICENSE'))

async function bundle(entry: string): Promise<{ code: string; modules: string[] }> {
  const bundled = await rolldown({
    input: join(HERE, 'src', entry),
    platform: 'browser',
    // Of what is bundled nothing needs Node; modules that do may stand beside it.
    external: (id) => isBuiltin(id),
    resolve: { conditionNames: ['@sluice/source', 'browser', 'import', 'default'] },
  })
  const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false })
  const [{ code, imports, moduleIds }] = output
  if (imports.length > 0)
    throw new Error(`${entry} would still import ${imports.join(', ')}: a page has no such module.`)
  return { code, modules: moduleIds.filter((id) => id.startsWith('/')) }
}

/** Without comments and the white space of its lines. */
function compact(css: string): string {
  return css.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\s*\n\s*/g, '')
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

const read = (name: string): string => readFileSync(join(HERE, 'src', name), 'utf8')

async function build(): Promise<void> {
  const [app, worker] = await Promise.all([bundle('app.ts'), bundle('policy-worker.ts')])
  const style = compact([readFileSync(UPLOT_STYLE, 'utf8'), ...STYLES.map(read)].join('\n'))
  const icon = read('icon.svg')
  const files: Record<string, string> = {}
  const named = (stem: string, extension: string, content: string): string => {
    const name = `${stem}-${hashOf(content).slice(0, 10)}.${extension}`
    files[name] = content
    return name
  }
  const licence = named('licence-uplot', 'txt', readFileSync(UPLOT_LICENCE, 'utf8'))
  const names: Record<string, string> = {
    APP: named('app', 'js', `/*! uPlot is in it: ${licence} */\n${app.code}`),
    WORKER: named('policies', 'js', worker.code),
    STYLE: named('page', 'css', style),
    ICON: named('icon', 'svg', icon),
  }
  files['index.html'] = read('index.html').replace(/%([A-Z]+)%/g, (_, name: string) => names[name]!)
  put(files)
  const sources = [...app.modules, ...worker.modules, UPLOT_STYLE, UPLOT_LICENCE, import.meta.filename]
  const own = ['index.html', 'icon.svg', ...STYLES].map((name) => join(HERE, 'src', name))
  const made = [...new Set([...sources, ...own])].sort()
  const stamp = made.map((file) => [relative(ROOT, file), hashOf(readFileSync(file, 'utf8'))])
  writeFileSync(STAMP, JSON.stringify(Object.fromEntries(stamp)))
}

/** In one step: a gateway that starts meanwhile reads the old page or the new one. */
function put(files: Readonly<Record<string, string>>): void {
  const fresh = `${INTO}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(fresh, name), content)
  rmSync(INTO, { recursive: true, force: true })
  renameSync(fresh, INTO)
}

await build()
