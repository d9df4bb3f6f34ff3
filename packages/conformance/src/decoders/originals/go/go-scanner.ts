import { byteLines } from '../../rig/byte-lines.ts'
import { dataLines } from '../../rig/data-lines.ts'
import { decodeLines, type SseDecoder } from '../../rig/decoder.ts'

/** What a line and its line end must fit into where nothing else is said: `bufio.MaxScanTokenSize`. */
export const SCANNER_BYTES: number = 64 * 1024

/** Fails with `token too long` at a line of 64 KiB. */
export const goScanner: SseDecoder = {
  name: 'bufio.Scanner',
  original: 'by hand in Go: `for scanner.Scan()` and `strings.HasPrefix(line, "data: ")`',
  ids: false,
  begin: () => decodeLines(byteLines({ onlyLf: true, flushes: true, maxBytes: SCANNER_BYTES }), dataLines()),
}
