// Ends with a sentence where Node is older than what the scripts need. Imported first, and it imports nothing.
const OLDEST = 20

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  process.stderr.write(
    `This clone needs Node ${OLDEST} or newer to set itself up, and was started with Node ${process.versions.node}; ` +
      'it then runs on a Node of its own.\n',
  )
  process.exit(1)
}
