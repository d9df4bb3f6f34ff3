import { describeStore } from '@sluice/conformance'

import { RemoteStore } from '../../core/test/rig/remote-store.ts'

/** A store in a few lines that is as slow as one elsewhere: the suite must get along with such a one, too. */
describeStore('remote', {
  create: (runtime) => new RemoteStore({ runtime }),
  another: (store, runtime) => new RemoteStore({ runtime, server: (store as RemoteStore).server }),
  remote: true,
  time: 'real',
  runs: 30,
})
