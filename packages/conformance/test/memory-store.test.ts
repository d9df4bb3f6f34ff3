import { describeStore } from '@sluice/conformance'
import { createMemoryStore } from '@sluice/core'

describeStore('memory', {
  create: (runtime) => createMemoryStore({ runtime }),
  another: (store) => store,
  boundedMemory: (maxBytes, runtime) => createMemoryStore({ maxBytes, runtime }),
})
