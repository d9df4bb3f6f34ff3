import { fileURLToPath } from 'node:url'

// Only for an application within a clone of sluice: its packages are outside this folder.
export default { turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) } }
