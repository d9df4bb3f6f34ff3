import { describeStore } from '@sluice/conformance'
import { redisStore } from '../src/redis-store.ts'
const prefixes = new WeakMap<object, string>()
let n = 0
const make = (prefix: string, runtime: any) => {
  const store = redisStore({ url: 'redis://127.0.0.1:7399', prefix } as any, runtime)
  prefixes.set(store, prefix)
  const dispose = store.dispose.bind(store)
  store.dispose = () => {
    store.usage = () => ({ bytes: 0, streams: 0, live: 0 })
    return dispose()
  }
  return store
}
describeStore('redis', {
  create: (runtime) => make(`p${process.pid}x${n++}:`, runtime),
  another: (store, runtime) => make(prefixes.get(store)!, runtime),
  remote: true,
  time: 'real',
  runs: 20,
})
