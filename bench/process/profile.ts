import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The parts of a V8 CPU profile that are read here. */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

const SHOWN = 45

/** Prints where the servers of `run.ts --cpu-prof <dir>` spent their time, by function, idle time left out. */
for (const name of readdirSync(process.argv[2] ?? '.').filter((file) => file.endsWith('.cpuprofile'))) {
  const profile = JSON.parse(readFileSync(join(process.argv[2] ?? '.', name), 'utf8')) as Profile
  const self = selfTimes(profile)
  const busy = [...self.values()].reduce((sum, us) => sum + us, 0)
  process.stdout.write(`\n${name}: ${Math.round(busy / 1_000)} ms busy\n`)
  for (const [place, us] of [...self].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN)) {
    process.stdout.write(`${((100 * us) / busy).toFixed(1).padStart(6)} %  ${place}\n`)
  }
}

function selfTimes({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const self = new Map<string, number>()
  samples.forEach((id, index) => {
    const place = places.get(id)!
    if (place.startsWith('(idle)') || place.startsWith('(program)')) return
    self.set(place, (self.get(place) ?? 0) + timeDeltas[index]!)
  })
  return self
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.replace(/^.*\/(packages|bench|node_modules)\//, '$1/')
  return `${functionName || '(anonymous)'} ${file === '' ? '' : `${file}:${lineNumber + 1}`}`
}
