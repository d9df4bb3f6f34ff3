import { launchFirefox } from '../rig/firefox.ts'
import { describeFacts } from '../rig/facts.ts'
import { useLab } from '../rig/lab.ts'
import { describeStories } from '../rig/stories.ts'

const lab = useLab(launchFirefox)
describeStories(lab)
describeFacts(lab)
