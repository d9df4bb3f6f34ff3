import { describeStore } from '@sluice/conformance'

import { sqliteStore } from '../src/index.ts'
import { newDirectories } from './rig/directories.ts'

const newDirectory = newDirectories()

/** With the disk there is, and in its time. */
describeStore('sqlite on a disk', {
  create: (runtime) => sqliteStore(newDirectory(), runtime),
  remote: true,
  time: 'real',
  runs: 10,
})
