import type { FileRecords } from '../files/file-records.ts'
import type { FileStore } from '../files/file-store.ts'
import { scopeOf } from '../../documents/scope.ts'
import type { WrittenWith } from './batch-lease.ts'
import { type KnownBatch, partOf, resultFileId } from '../state/batch-record.ts'
import type { PartNames, PartSizes } from '../state/checkpoint.ts'

const PARTS = ['output', 'errors'] as const

/** A batch that is over, with the ids of its results: none for what would be empty. */
export function withOutputs(batch: KnownBatch, sizes: PartSizes | undefined): KnownBatch {
  const outputs: { output?: string; errors?: string } = {}
  for (const part of PARTS) if ((sizes?.[part] ?? 0) > 0) outputs[part] = resultFileId(batch.id, part)
  const { checkpoint: _done, rate: _known, ...rest } = batch
  return { ...rest, outputs }
}

/** What is written together with a batch that is over: its results are files of its owner from then on. */
export function endWrites(records: FileRecords, batch: KnownBatch, sizes: PartSizes | undefined): WrittenWith {
  const { id, owner, dialect, keepMs, state } = batch
  const scope = scopeOf(owner)
  const writes = []
  let bytes = 0
  for (const part of PARTS) {
    const length = sizes?.[part] ?? 0
    if (length === 0) continue
    bytes += length
    const filename = `${id}_${part === 'output' ? 'output' : 'error'}.jsonl`
    const name = partOf(id, part)
    const record = records.recordOf({ name, bytes: length, filename, purpose: 'batch_output', keepMs })
    // Anthropic's results belong to their batch: nobody sees them as files.
    writes.push(records.writeOf(scope, resultFileId(id, part), record, dialect === 'anthropic'))
  }
  const more = { batches: -1, lines: -state.counts.total, files: writes.length, bytes }
  return { writes, more, forgetInMs: keepMs }
}

/** Files that nobody needs when a batch is over. */
export async function removeLeftovers(
  { files, records }: { files: FileStore; records: FileRecords },
  batch: KnownBatch,
  names: PartNames,
): Promise<void> {
  await files.remove(names.begun)
  await files.remove(names.fence)
  // It was made of the request, and nobody knows of it.
  if (batch.dialect === 'anthropic') await records.remove(scopeOf(batch.owner), batch.input.fileId)
  for (const part of PARTS) if (!batch.outputs?.[part]) await files.remove(names[part])
}
