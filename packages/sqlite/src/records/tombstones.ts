import type { EndEvent } from '@sluice/core'
import type { StreamName, Tombstone } from '@sluice/core/extend'

import type { Database } from '../file/database.ts'
import { fromJson, toJson } from './stored-json.ts'
import { numberIn, type StreamRow } from './stream-row.ts'

const WHAT = 'A tombstone'

/** What is left of streams that are not kept any more: the latest `maxCount` of them. */
export class TombstoneTable {
  readonly #database: Database
  readonly #maxCount: number
  #next: number

  constructor(database: Database, maxCount: number) {
    this.#database = database
    this.#maxCount = maxCount
    this.#next = numberIn(database.first('SELECT coalesce(max(number), 0) AS number FROM tombstones')?.number) + 1
  }

  add({ facts, epoch, seq, end }: Pick<StreamRow, 'facts' | 'epoch' | 'seq' | 'end'>): void {
    const { id, tenant, owner, key } = facts
    this.#database.run(
      'INSERT OR REPLACE INTO tombstones (number, id, facts, epoch, seq, ending) VALUES (?, ?, ?, ?, ?, ?)',
      this.#next,
      id,
      toJson({ id, tenant, owner, key }),
      epoch,
      seq,
      end ? toJson(end) : null,
    )
    this.#database.run('DELETE FROM tombstones WHERE number <= ?', this.#next - this.#maxCount)
    this.#next++
  }

  get({ tenant, id }: StreamName): Tombstone | undefined {
    const row = this.#database.first('SELECT * FROM tombstones WHERE id = ?', id)
    if (!row) return undefined
    const facts = fromJson<Tombstone['facts']>(row.facts, WHAT)
    if (facts.tenant !== tenant) return undefined
    const end = row.ending === null ? undefined : fromJson<EndEvent>(row.ending, WHAT)
    // JSON knows no `undefined`.
    return { facts: { ...facts, key: facts.key }, epoch: numberIn(row.epoch), seq: numberIn(row.seq), end }
  }
}
