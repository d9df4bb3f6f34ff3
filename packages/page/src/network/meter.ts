/** What has come to one reader. */
export class Meter {
  bytes = 0
  /** Pieces in which it came. */
  chunks = 0

  add(bytes: number): void {
    this.bytes += bytes
    this.chunks++
  }
}
