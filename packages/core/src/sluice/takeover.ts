import type { Engine } from './engine.ts'
import { Producer } from '../producer/producer.ts'
import { runSettle } from '../producer/settle-hook.ts'
import { rewriteFor } from './start.ts'
import type { StoredStream, StoreHost } from '../store/store.ts'
import { resultOf } from '../store/result.ts'

/** What this sluice does for streams that other processes have left behind. */
export function hostOf(engine: Engine): StoreHost {
  return {
    canRun: (source) =>
      !engine.starts.draining && engine.sources.has(source) && engine.admission.running < engine.limits.streams,
    settles: engine.settle !== undefined,
    takeOver: (stored) => goOn(engine, stored),
    settle: async (stored) =>
      engine.settle === undefined || runSettle(resultOf(stored), engine.settle, engine.scheduler, engine.observers),
  }
}

/** Goes on with a stream whose producer is gone: its source is given what was stored, and goes on from there. */
function goOn(engine: Engine, stored: StoredStream): () => void {
  engine.starts.requireOpen()
  const { facts } = stored
  const source = engine.sources.get(facts.source?.name ?? '')
  if (!source) throw new Error(`No source "${facts.source?.name}" to go on with stream ${facts.id}.`)
  // The application's own code first: what throws here has taken no place yet.
  const rewrite = rewriteFor(engine, facts)
  const release = engine.admission.enter('server', engine.scheduler.now())
  return () => {
    const options = facts.options ?? engine.stream
    const producer = new Producer(engine, stored, { options, release, rewrite })
    engine.producers.set(facts.id, producer)
    engine.observers.notify('started', facts)
    producer.run(source)
  }
}
