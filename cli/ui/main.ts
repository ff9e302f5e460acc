// The UI as a process of its own, beside the others of `berth start`.

import { uiCommand } from "./ui-command.ts";

await uiCommand.run(process.argv.slice(2));
