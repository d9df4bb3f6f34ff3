const guarded = new WeakSet<NodeJS.WriteStream>()

/** Writes a line to this process's standard error, as long as somebody reads it. */
export function writeToStandardError(line: string): void {
  outliveReader(process.stderr)
  process.stderr.write(line)
}

/** A log whose reader has gone (`2>&1 | head`, a collector that restarts) is no reason to end the answers that run. */
export function outliveReader(stream: NodeJS.WriteStream): void {
  if (guarded.has(stream)) return
  guarded.add(stream)
  stream.on('error', () => {})
}
