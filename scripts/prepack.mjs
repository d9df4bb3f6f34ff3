// Runs before a package is packed, in its folder: only what would be right is packed.
import { existsSync, readFileSync } from 'node:fs'

const { name, bin = {}, files = [], publishConfig } = JSON.parse(readFileSync('package.json', 'utf8'))
const by = process.env.npm_config_user_agent ?? ''
const missing = [publishConfig.exports, bin, files]
  .flatMap(pathsIn)
  .filter((file) => !/[*!]/.test(file) && !existsSync(file))

if (!by.startsWith('pnpm/')) {
  refuse('pnpm alone puts versions where "workspace:" and "catalog:" stand, and takes the exports of "publishConfig"')
} else if (missing.length > 0) {
  refuse(`${missing[0]} is not built yet; npm run build makes it`)
}

function refuse(why) {
  process.stderr.write(
    `${name} is not packed: ${why}. "npm run pack -- <empty folder>" packs all packages, docs/releasing.md says how to publish them.\n`,
  )
  process.exitCode = 1
}

/** Every path in a value of `exports` or `bin`. */
function pathsIn(value) {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(pathsIn)
}
