import { describeStore } from '@sluice/conformance'

import { StreamsInFile } from '../src/sqlite-store.ts'
import { newDirectories } from './rig/directories.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()

describeStore('sqlite', {
  create: (runtime) => new StreamsInFile(newDirectory(), { runtime, openDisk: instantDisk }),
  another: (store) => store,
  alone: true,
  remote: true,
  runs: 200,
})
