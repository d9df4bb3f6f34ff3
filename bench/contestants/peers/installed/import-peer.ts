/**
 * A library beside which sluice is measured. It is installed by the lock of this folder, not by the workspace's, so nothing is known of
 * its types but what the caller says; and nobody above this folder gets what is installed here by accident.
 */
export async function importPeer<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module
}
