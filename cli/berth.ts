#!/usr/bin/env node
// The command: one word chooses what runs. Commands are imported when they are asked for, so that none pays for another.

import { reportAndExit } from "#runtime/component.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { programName } from "./program-name.ts";

interface Command {
  readonly summary: string;
  readonly run: (argv: readonly string[]) => Promise<void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    summary: "run a simulated fleet with the real extender, recommender and proxies; needs no cluster",
    run: async (argv) => (await import("./start/start-command.ts")).startCommand.run(argv),
  },
  sim: {
    summary: "replay a trace through the same policies, without processes, and compare what each costs",
    run: async (argv) => (await import("./sim/sim-command.ts")).simCommand.run(argv),
  },
  sweep: {
    summary: "run a scenario over policies, node counts, seeds and parameters, on all cores",
    run: async (argv) => (await import("./sweep/sweep-command.ts")).sweepCommand.run(argv),
  },
  explain: {
    summary:
      "say why a pod is where it is or what it waits for, why a proxy has its size, how an app's mesh stands",
    run: async (argv) => (await import("./explain/explain-command.ts")).explainCommand.run(argv),
  },
  plan: {
    summary: "what a cluster of yours would save: its nodes and pods under sidecars and under node proxies",
    run: async (argv) => (await import("./plan/plan-command.ts")).planCommand.run(argv),
  },
  status: {
    summary: "say how the mesh stands: nodes, pods, instances, what proxies have, need and use",
    run: async (argv) => (await import("./fleet/status-command.ts")).statusCommand.run(argv),
  },
  top: {
    summary: "list the nodes, apps or instances that take most of the mesh, with what they use now",
    run: async (argv) => (await import("./fleet/top-command.ts")).topCommand.run(argv),
  },
  ui: {
    summary: "show the cluster in a browser: where room is, what the mesh costs, why things are as they are",
    run: async (argv) => (await import("./ui/ui-command.ts")).uiCommand.run(argv),
  },
  doctor: {
    summary: "look at an installation, and say what is wrong and how to mend it",
    run: async (argv) => (await import("./doctor/doctor-command.ts")).doctorCommand.run(argv),
  },
  ungate: {
    summary: "let go of the pods that nominate mode holds back, for when no placement controller does",
    run: async (argv) => (await import("./ungate/ungate-command.ts")).ungateCommand.run(argv),
  },
  rollback: {
    summary: "put an app's configuration back to the version before, on all nodes at once",
    run: async (argv) => (await import("./release/rollback-command.ts")).rollbackCommand.run(argv),
  },
  restart: {
    summary: "replace an app's instance, on one node or on all, without a gap",
    run: async (argv) => (await import("./release/restart-command.ts")).restartCommand.run(argv),
  },
  "scheduler-extender": {
    summary: "the scheduler extender: filter, prioritize, injection webhook",
    run: async (argv) => (await import("#scheduler-extender/main.ts")).main(argv),
  },
  "vpa-recommender": {
    summary: "the recommender: sizes each node's proxy in place",
    run: async (argv) => (await import("#vpa-recommender/main.ts")).main(argv),
  },
  proxy: {
    summary: "the node proxy: one mesh instance per app with pods on the node",
    run: async (argv) => (await import("#proxy/main.ts")).main(argv),
  },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`);
  const program = programName();
  return `Usage: ${program} COMMAND [options]\n\n${rows.join("")}\n${program} COMMAND --help lists a command's options; ${program} --version says which version this is.\n\nExit codes: 0 done, 1 for what was found wrong or failed, 2 for what whoever typed it can mend.\n`;
}

/** What goes on without anybody who reads what it says. */
const COMPONENTS: ReadonlySet<string> = new Set(["scheduler-extender", "vpa-recommender", "proxy", "ui"]);

async function main([name, ...argv]: readonly string[]): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    // As of `berth top nodes | head`: whoever read has had enough.
    if (!COMPONENTS.has(name ?? "")) process.exit(0);
  });
  if (name === undefined || HELP.has(name)) {
    const [about] = argv;
    // As kubectl does: `help COMMAND` and `COMMAND --help` are one.
    return about === undefined ? void process.stdout.write(help()) : commandOf(about).run(["--help"]);
  }
  if (VERSION.has(name)) {
    const { berthVersion } = await import("#runtime/berth-version.ts");
    return void process.stdout.write(`${berthVersion()}\n`);
  }
  await commandOf(name).run(argv);
}

const HELP: ReadonlySet<string> = new Set(["help", "--help", "-h"]);
const VERSION: ReadonlySet<string> = new Set(["version", "--version"]);

function commandOf(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    throw new UsageError(`there is no command "${name}"; ${programName()} --help lists those that there are`);
  return command;
}

await main(process.argv.slice(2)).catch(reportAndExit);
